//! One connection: what is queued to be sent, what came back, and which answers are outstanding.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;

use super::cancel::CancelKey;
use super::error::{Refusal, WireError};
use super::message::{self, Incoming, TransactionStatus};
use super::stream::Stream;

/// The read buffer that an idle connection keeps, in bytes.
const BUFFER: usize = 8 << 10;

/// How long a backend is waited for that does not end. The warden has closed its app by then.
const GONE_TIMEOUT: Duration = Duration::from_secs(600);

/// A connection that is logged in.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    pub(super) input: BytesMut,
    pub(super) output: BytesMut,
    cancel_key: CancelKey,
    status: TransactionStatus,
    /// Answers that are not read yet: to the reset that the last use sent along.
    outstanding: u32,
    /// A table that is read for changes was changed since this was taken.
    has_changes: bool,
    /// From the first byte of a use to its last answer: a connection dropped in between must be cancelled.
    busy: bool,
}

impl Connection {
    pub(super) fn new(stream: Stream, input: BytesMut, cancel_key: CancelKey) -> Self {
        Self {
            stream,
            input,
            output: BytesMut::new(),
            cancel_key,
            status: TransactionStatus::Idle,
            outstanding: 0,
            has_changes: false,
            busy: false,
        }
    }

    /// The backend's process id.
    pub(crate) fn process_id(&self) -> i32 {
        self.cancel_key.process_id
    }

    pub(crate) fn status(&self) -> TransactionStatus {
        self.status
    }

    /// Whether a use was begun and not ended.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Whether a table that is read for changes was changed since the last call.
    pub(crate) fn take_changes(&mut self) -> bool {
        std::mem::take(&mut self.has_changes)
    }

    /// Stop what was sent, and close. Until the server has closed its end too, the statement may still run.
    pub(crate) async fn cancel_and_close(&mut self) {
        // For good: nothing can be sent on it any more.
        self.busy = true;
        self.cancel_key.stop(&mut self.stream).await;
    }

    /// Wait until the server has closed its end, for which some statements let it wait for long.
    pub(crate) async fn until_gone(&mut self) {
        let _ = tokio::time::timeout(GONE_TIMEOUT, self.stream.close()).await;
    }

    /// Whether the server still holds its end, as far as that can be told without asking it.
    pub(crate) fn is_alive(&mut self) -> bool {
        loop {
            self.input.reserve(BUFFER);
            match self.stream.try_read(&mut self.input) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        // A server that shuts down says so before it closes; nothing else is an error at this point.
        !message::begins_with_error(&self.input)
    }

    /// Queue a statement of ours, by the simple protocol: its answer is a [`read_simple`](Self::read_simple).
    pub(crate) fn push_simple(&mut self, sql: &str) -> Result<(), WireError> {
        Ok(frontend::query(sql, &mut self.output)?)
    }

    /// The last statement's answer shall be read before the next use, not now.
    pub(crate) fn leave_outstanding(&mut self) {
        self.outstanding += 1;
    }

    /// Send what is queued.
    pub(crate) async fn send(&mut self) -> Result<(), WireError> {
        self.busy = true;
        let result = self.stream.write_all(&self.output).await;
        self.output.clear();
        if self.output.capacity() > 16 * BUFFER {
            self.output = BytesMut::new();
        }
        result?;
        Ok(())
    }

    /// Read the answers that earlier uses left outstanding.
    pub(crate) async fn read_outstanding(&mut self) -> Result<(), WireError> {
        while self.outstanding > 0 {
            self.read_simple().await?;
            self.outstanding -= 1;
        }
        Ok(())
    }

    /// The answer to one simple statement: its command tag.
    pub(crate) async fn read_simple(&mut self) -> Result<String, WireError> {
        let mut outcome = Ok(String::new());
        loop {
            match self.next(message::MESSAGE_MAX).await? {
                Incoming::Complete(tag) => outcome = Ok(tag),
                Incoming::Error(refusal) if refusal.fatal => return Err(WireError::Refused(refusal)),
                Incoming::Error(refusal) => outcome = Err(WireError::Refused(refusal)),
                Incoming::Ready => return outcome,
                Incoming::Row(_)
                | Incoming::Fields(_)
                | Incoming::Parameters(_)
                | Incoming::Suspended
                | Incoming::Step => {}
                Incoming::Copy => return Err(WireError::Protocol("copy")),
            }
        }
    }

    /// All answers of this use are read.
    pub(crate) fn end_use(&mut self) {
        self.busy = false;
        if self.input.is_empty() && self.input.capacity() > 16 * BUFFER {
            self.input = BytesMut::new();
        }
    }

    /// The next message that matters. A message longer than `longest` bytes is not even buffered.
    pub(super) async fn next(&mut self, longest: usize) -> Result<Incoming, WireError> {
        loop {
            match message::take(&mut self.input, longest)? {
                message::Taken::Message(Incoming::Ready, status) => {
                    self.status = status.unwrap_or(self.status);
                    return Ok(Incoming::Ready);
                }
                message::Taken::Message(incoming, _) => return Ok(incoming),
                message::Taken::Ignored => {}
                message::Taken::Changes => self.has_changes = true,
                message::Taken::Missing(bytes) => {
                    self.input.reserve(bytes.max(BUFFER));
                    if self.stream.read(&mut self.input).await? == 0 {
                        return Err(WireError::Lost(io::ErrorKind::UnexpectedEof.into()));
                    }
                }
            }
        }
    }

    /// A statement of ours that gives one text: for the few questions asked while logging in or by
    /// provisioning, not for users' SQL.
    pub(crate) async fn run_simple(&mut self, sql: &str) -> Result<String, WireError> {
        self.push_simple(sql)?;
        self.send().await?;
        self.read_outstanding().await?;
        let tag = self.read_simple().await?;
        self.end_use();
        Ok(tag)
    }
}

impl From<Refusal> for WireError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}
