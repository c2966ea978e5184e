//! The audit log: a file of JSON lines that only grows. A decision is on the disk before its call runs.
//!
//! One thread writes it, and writes what has come meanwhile together: calls at the same time share one `fdatasync`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

/// Rows that wait to be written; more wait before they are sent.
const WAITING_MAX: usize = 1_024;
/// Rows that are written together.
const BATCH_MAX: usize = 256;

/// The log. Cheap to clone; the last one to go ends the thread.
#[derive(Debug, Clone)]
pub(crate) struct AuditLog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rows: Option<mpsc::Sender<Row>>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Row {
    line: String,
    /// Told once the row is on the disk; `None`: it may take its time.
    durable: Option<oneshot::Sender<io::Result<()>>>,
}

/// The log cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the audit log {file} cannot be used: {why}")]
pub(crate) struct AuditError {
    file: PathBuf,
    why: String,
}

impl AuditLog {
    /// Open the file, or make it, and hand over each row that it has. It belongs to one process: its counters are exact.
    /// One that is about to end is waited for, as long as `patience`: clients start a program again at once.
    pub(crate) fn open(
        file: &Path,
        patience: Duration,
        mut known: impl FnMut(&Value),
    ) -> Result<Self, AuditError> {
        let unusable = |why: String| AuditError { file: file.to_owned(), why };
        let io = |error: io::Error| unusable(error.to_string());
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut log = options.open(file).map_err(io)?;
        let begun = Instant::now();
        while log.try_lock().is_err() {
            if begun.elapsed() >= patience {
                return Err(unusable("another process writes it".to_owned()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let whole = read(&log, &mut known).map_err(io)?;
        // A row that is not whole was being written when the process ended: its call never ran.
        if whole < log.metadata().map_err(io)?.len() {
            log.set_len(whole).map_err(io)?;
        }
        log.seek(SeekFrom::End(0)).map_err(io)?;
        let (rows, waiting) = mpsc::channel(WAITING_MAX);
        let write = move || write(log, waiting);
        let writer = std::thread::Builder::new().name("audit".to_owned()).spawn(write).map_err(io)?;
        Ok(Self { inner: Arc::new(Inner { rows: Some(rows), writer: Some(writer) }) })
    }

    /// Write a row, and wait until it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn decide(&self, row: &Value) -> io::Result<()> {
        let (durable, done) = oneshot::channel();
        self.send(Row { line: row.to_string(), durable: Some(durable) }).await?;
        done.await.map_err(|_| io::Error::other("the audit log's thread has ended"))?
    }

    /// Write a row, soon.
    pub(crate) async fn note(&self, row: &Value) {
        if let Err(error) = self.send(Row { line: row.to_string(), durable: None }).await {
            tracing::warn!(%error, "the end of a call was not written down");
        }
    }

    /// Wait until all that was sent is on the disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        let (durable, done) = oneshot::channel();
        self.send(Row { line: String::new(), durable: Some(durable) }).await?;
        done.await.map_err(|_| io::Error::other("the audit log's thread has ended"))?
    }

    async fn send(&self, row: Row) -> io::Result<()> {
        let ended = || io::Error::other("the audit log's thread has ended");
        let rows = self.inner.rows.as_ref().ok_or_else(ended)?;
        rows.send(row).await.map_err(|_| ended())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.rows = None;
        if let Some(writer) = self.writer.take() {
            // What was sent is written before the thread ends.
            drop(writer.join());
        }
    }
}

/// Hand over every whole row; answers where they end.
fn read(log: &File, known: &mut impl FnMut(&Value)) -> io::Result<u64> {
    let mut rows = BufReader::new(log);
    let mut line = Vec::new();
    let mut end = 0;
    loop {
        line.clear();
        let read = rows.read_until(b'\n', &mut line)?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Ok(end);
        }
        end += read as u64;
        if let Ok(row) = serde_json::from_slice(&line) {
            known(&row);
        }
    }
}

fn write(mut log: File, mut rows: mpsc::Receiver<Row>) {
    let mut batch = Vec::new();
    while let Some(first) = rows.blocking_recv() {
        batch.push(first);
        while batch.len() < BATCH_MAX
            && let Ok(row) = rows.try_recv()
        {
            batch.push(row);
        }
        let mut text = String::new();
        for row in batch.iter().filter(|row| !row.line.is_empty()) {
            text.push_str(&row.line);
            text.push('\n');
        }
        let needs_disk = batch.iter().any(|row| row.durable.is_some());
        let before = log.metadata().map(|about| about.len());
        let written =
            log.write_all(text.as_bytes()).and_then(|()| if needs_disk { log.sync_data() } else { Ok(()) });
        if let (Err(error), Ok(before)) = (&written, before) {
            tracing::error!(%error, "the audit log cannot be written");
            // Half a row would spoil the next one.
            drop(log.set_len(before));
        }
        for row in batch.drain(..) {
            let told = match &written {
                Ok(()) => Ok(()),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            if let Some(durable) = row.durable {
                // The call's client may have gone.
                drop(durable.send(told));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(file: &Path) -> (Option<AuditLog>, Vec<Value>) {
        let mut found = Vec::new();
        (AuditLog::open(file, Duration::ZERO, |row| found.push(row.clone())).ok(), found)
    }

    #[tokio::test]
    async fn rows_are_there_after_a_restart_and_half_a_row_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/audit.jsonl");
        let (log, none) = rows(&file);
        assert!(none.is_empty());
        let log = log.unwrap();
        assert!(rows(&file).0.is_none(), "one process writes it");
        for number in 0..300 {
            log.note(&json!({ "id": number })).await;
        }
        log.decide(&json!({ "id": 300 })).await.unwrap();
        log.flush().await.unwrap();
        drop(log);
        OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"id\": 30").unwrap();
        let (log, found) = rows(&file);
        assert_eq!(found.len(), 301);
        log.unwrap().decide(&json!({ "id": 301 })).await.unwrap();
        assert_eq!(rows(&file).1.last(), Some(&json!({ "id": 301 })));
    }
}
