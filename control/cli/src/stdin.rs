//! Lines from stdin, as they come.

use std::io::BufRead as _;

use tokio::sync::mpsc;

use crate::exit::Exit;
use crate::out;

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
