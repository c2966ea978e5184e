//! Lines from stdin, as they come.

use std::io::{BufRead as _, Read as _};

use tokio::io::{AsyncRead, AsyncWriteExt as _};
use tokio::sync::mpsc;

use crate::exit::Exit;
use crate::out;

/// Bytes that wait to be taken.
const BYTES_MAX: usize = 64 << 10;
/// Lines that wait to be taken.
const LINES_MAX: usize = 64;

/// The lines of stdin. Reading them blocks, and nothing ends it: the thread ends with the process.
pub(crate) fn lines() -> Result<mpsc::Receiver<String>, Exit> {
    let (sender, lines) = mpsc::channel(LINES_MAX);
    let read = move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("stdin".to_owned()).spawn(read).map_err(|error| {
        out::complain(&format!("stdin cannot be read: {error}"));
        Exit::Failure
    })?;
    Ok(lines)
}

/// The bytes of stdin. As for lines, the thread ends with the process, and not before: tokio's own reader would hold it up.
pub(crate) fn bytes() -> Result<impl AsyncRead + Send + Unpin + 'static, Exit> {
    let (mut to, bytes) = tokio::io::duplex(BYTES_MAX);
    let runtime = tokio::runtime::Handle::current();
    let read = move || {
        let mut buffer = vec![0; BYTES_MAX];
        let mut stdin = std::io::stdin().lock();
        while let Ok(read @ 1..) = stdin.read(&mut buffer) {
            if runtime.block_on(to.write_all(&buffer[..read])).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("stdin".to_owned()).spawn(read).map_err(|error| {
        out::complain(&format!("stdin cannot be read: {error}"));
        Exit::Failure
    })?;
    Ok(bytes)
}
