//! Data to stdout, chatter to stderr.

use std::io::{self, IsTerminal, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use serde_json::Value;
use tokio::io::AsyncWrite;

/// Whether colour is off: by `NO_COLOR`, or because the output is no terminal.
pub fn no_color() -> bool {
    refuses_color() || !io::stderr().is_terminal()
}

/// The same for data: a file is never coloured, whatever the terminal is.
pub fn no_color_in_data() -> bool {
    refuses_color() || !io::stdout().is_terminal()
}

/// Something failed.
pub const RED: &str = "\x1b[31m";
/// Something is to be minded.
pub const YELLOW: &str = "\x1b[33m";
/// All is well.
pub const GREEN: &str = "\x1b[32m";
/// Of little matter.
pub const DIM: &str = "\x1b[2m";

/// A part of data in a colour, on a terminal.
pub fn colored(color: &str, text: &str) -> String {
    if no_color_in_data() { text.to_owned() } else { format!("{color}{text}\x1b[0m") }
}

/// One line of data. A reader that went away is no error of ours.
pub fn data(line: &str) {
    drop(writeln!(io::stdout().lock(), "{line}"));
}

/// Data as it is, without a line's end.
pub fn raw(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    drop(out.write_all(bytes).and_then(|()| out.flush()));
}

/// Stdout for a protocol's messages. Writing blocks: there is nothing to do for a client that does not read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stdout;

impl AsyncWrite for Stdout {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(io::stdout().lock().write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(io::stdout().lock().flush())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// One line of chatter.
pub fn say(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// What went wrong.
pub fn complain(line: &str) {
    let mark = if no_color() { "error:" } else { "\x1b[31merror:\x1b[0m" };
    say(&format!("{mark} {line}"));
}

/// What to mind, though it went well.
pub fn warn(line: &str) {
    let mark = if no_color() { "warning:" } else { "\x1b[33mwarning:\x1b[0m" };
    say(&format!("{mark} {line}"));
}

/// JSON for programs: the answer as it came.
pub fn json<T: serde::Serialize>(value: &T) {
    match serde_json::to_string(value) {
        Ok(text) => data(&text),
        Err(error) => complain(&format!("the answer cannot be written: {error}")),
    }
}

/// Rows with a head, in columns.
pub fn table(head: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> =
            cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        data(padded.join("  ").trim_end());
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
}

/// A member as a cell: a string without its quotes, nothing for null.
pub fn cell(value: &Value, member: &str) -> String {
    match &value[member] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether the user asked for no colour.
#[allow(clippy::disallowed_methods, reason = "the convention of every command: no-color.org")]
fn refuses_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
