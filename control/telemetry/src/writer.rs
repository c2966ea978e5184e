//! Writes log lines on a thread of its own, so that a stuck terminal or pipe never stops a request.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait. Beyond that they are dropped and counted: logs must not hold memory without a bound.
const LINES_WAITING_MAX: usize = 16_384;

enum Message {
    Line(Vec<u8>),
    Stop,
}

/// Where the subscriber writes: each event is one line to a bounded queue.
#[derive(Debug, Clone)]
pub struct LineWriter {
    lines: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

/// Dropping it writes what is waiting and ends the thread.
#[derive(Debug)]
pub struct Flush {
    lines: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
}

/// One event being formatted.
#[derive(Debug)]
pub struct Line<'a> {
    text: Vec<u8>,
    to: &'a LineWriter,
}

impl LineWriter {
    /// Start the thread that writes to `out`.
    pub fn start(out: impl Write + Send + 'static) -> (Self, Flush) {
        let (lines, waiting) = sync_channel(LINES_WAITING_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        let thread = std::thread::Builder::new()
            .name("mayfly-log".into())
            .spawn(move || write_all(out, &waiting, &counted))
            .ok();
        (Self { lines: lines.clone(), dropped }, Flush { lines, thread })
    }

    fn send(&self, line: Vec<u8>) {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(Message::Line(line)) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_all(mut out: impl Write, waiting: &Receiver<Message>, dropped: &AtomicU64) {
    while let Ok(message) = waiting.recv() {
        let mut next = Some(message);
        // Everything that is waiting goes out before the flush: one flush a burst.
        while let Some(message) = next {
            match message {
                // A log that cannot be written has nowhere to say so.
                Message::Line(line) => drop(out.write_all(&line)),
                Message::Stop => {
                    drop(out.flush());
                    return;
                }
            }
            next = waiting.try_recv().ok();
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            drop(writeln!(out, "{lost} log lines were dropped: the log's reader is too slow"));
        }
        drop(out.flush());
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        if self.lines.send(Message::Stop).is_ok()
            && let Some(thread) = self.thread.take()
        {
            drop(thread.join());
        }
    }
}

impl<'a> MakeWriter<'a> for LineWriter {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { text: Vec::with_capacity(256), to: self }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            self.to.send(std::mem::take(&mut self.text));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_was_logged_before_the_end_is_written() {
        let out = Shared::default();
        let (writer, flush) = LineWriter::start(out.clone());
        for n in 0..3 {
            writeln!(writer.make_writer(), "line {n}").unwrap();
        }
        drop(flush);
        assert_eq!(String::from_utf8(out.0.lock().unwrap().clone()).unwrap(), "line 0\nline 1\nline 2\n");
    }
}
