//! Reads the server's messages, one after the other, from the bytes that came in.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::{Header, Message};

use super::error::{Refusal, WireError};

/// The longest message other than a row, in bytes. An error quotes the value that it complains about, however long.
pub(super) const MESSAGE_MAX: usize = 1 << 20;

/// The SQLSTATE of `mayfly.record_changes`. Anyone's SQL may raise it: a reader that is woken finds nothing, then.
const CHANGES: &[u8] = b"MF001";

/// Tag and length.
const HEADER: usize = 5;

/// What the server said last about its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionStatus {
    /// None is open.
    Idle,
    /// One is open.
    Open,
    /// One is open and can only be rolled back.
    Failed,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) type_oid: u32,
}

/// A message that a reader waits for.
#[derive(Debug)]
pub(super) enum Incoming {
    /// The columns of a result.
    Fields(Vec<Field>),
    /// The types of a statement's parameters.
    Parameters(Vec<u32>),
    /// A row, without its header.
    Row(Bytes),
    /// A statement is done; its command tag.
    Complete(String),
    /// There are more rows than were asked for.
    Suspended,
    /// A statement failed.
    Error(Box<Refusal>),
    /// The server waits for the next statement.
    Ready,
    /// A step that needs no answer: parsed, bound, no rows.
    Step,
    /// The server wants to copy: there is nothing that could have asked it to.
    Copy,
}

pub(super) enum Taken {
    Message(Incoming, Option<TransactionStatus>),
    /// A message that no reader waits for: a notice, a parameter.
    Ignored,
    /// The notice of the change feed: the transaction has changed a table that is read.
    Changes,
    /// That many bytes are missing at least.
    Missing(usize),
}

/// Take the next message off the front.
pub(super) fn take(input: &mut BytesMut, longest: usize) -> Result<Taken, WireError> {
    let Some(header) = Header::parse(input)? else { return Ok(Taken::Missing(HEADER)) };
    let total = usize::try_from(header.len()).map_err(|_| WireError::Protocol("length"))? + 1;
    let is_row = header.tag() == b'D';
    if is_row && total > longest {
        return Err(WireError::TooLarge("a row is longer than the whole result may be"));
    }
    if !is_row && total > MESSAGE_MAX {
        return Err(WireError::TooLarge("PostgreSQL's message is longer than 1 MiB"));
    }
    if input.len() < total {
        return Ok(Taken::Missing(total - input.len()));
    }
    if is_row {
        let mut row = input.split_to(total);
        row.advance(HEADER);
        return Ok(Taken::Message(Incoming::Row(row.freeze()), None));
    }
    let message = Message::parse(input)?.ok_or(WireError::Protocol("length"))?;
    understand(message)
}

fn understand(message: Message) -> Result<Taken, WireError> {
    let incoming = match message {
        Message::RowDescription(body) => {
            let fields = body
                .fields()
                .map(|field| Ok(Field { name: field.name().to_owned(), type_oid: field.type_oid() }))
                .collect()?;
            Incoming::Fields(fields)
        }
        Message::CommandComplete(body) => Incoming::Complete(body.tag()?.to_owned()),
        Message::ErrorResponse(body) => Incoming::Error(Box::new(Refusal::read(body.fields())?)),
        Message::ReadyForQuery(body) => {
            return Ok(Taken::Message(Incoming::Ready, Some(status(body.status())?)));
        }
        Message::ParseComplete
        | Message::BindComplete
        | Message::CloseComplete
        | Message::NoData
        | Message::EmptyQueryResponse => Incoming::Step,
        Message::ParameterDescription(body) => Incoming::Parameters(body.parameters().collect()?),
        Message::PortalSuspended => Incoming::Suspended,
        Message::CopyInResponse(_)
        | Message::CopyOutResponse(_)
        | Message::CopyData(_)
        | Message::CopyDone => Incoming::Copy,
        Message::NoticeResponse(body) => {
            let is_changes =
                body.fields().any(|field| Ok(field.type_() == b'C' && field.value_bytes() == CHANGES))?;
            return Ok(if is_changes { Taken::Changes } else { Taken::Ignored });
        }
        Message::NotificationResponse(_) | Message::ParameterStatus(_) => return Ok(Taken::Ignored),
        _ => return Err(WireError::Protocol("message")),
    };
    Ok(Taken::Message(incoming, None))
}

fn status(byte: u8) -> Result<TransactionStatus, WireError> {
    match byte {
        b'I' => Ok(TransactionStatus::Idle),
        b'T' => Ok(TransactionStatus::Open),
        b'E' => Ok(TransactionStatus::Failed),
        _ => Err(WireError::Protocol("transaction status")),
    }
}

/// Whether an error is among the whole messages that wait.
pub(super) fn begins_with_error(mut waiting: &[u8]) -> bool {
    while let Ok(Some(header)) = Header::parse(waiting) {
        if header.tag() == b'E' {
            return true;
        }
        let Some(rest) = usize::try_from(header.len()).ok().and_then(|length| waiting.get(length + 1..))
        else {
            return false;
        };
        waiting = rest;
    }
    false
}

/// The values of a row, in order; `None` is NULL.
pub(crate) struct Values {
    row: Bytes,
    left: u16,
}

impl Values {
    pub(crate) fn of(mut row: Bytes) -> io::Result<Self> {
        let left = row.try_get_u16().map_err(|_| short())?;
        Ok(Self { row, left })
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Option<Bytes>>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let length = self.row.try_get_i32().map_err(|_| short())?;
        let Ok(length) = usize::try_from(length) else { return Ok(Some(None)) };
        if self.row.len() < length {
            return Err(short());
        }
        Ok(Some(Some(self.row.split_to(length))))
    }
}

fn short() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a row ends early")
}

#[cfg(test)]
mod tests {
    use bytes::BufMut as _;

    use super::*;

    fn message(tag: u8, body: &[u8]) -> BytesMut {
        let mut bytes = BytesMut::new();
        bytes.put_u8(tag);
        bytes.put_u32(body.len() as u32 + 4);
        bytes.put_slice(body);
        bytes
    }

    #[test]
    fn a_row_too_long_is_refused_by_its_header_alone() {
        let mut header = BytesMut::new();
        header.put_u8(b'D');
        header.put_u32(600_000_000);
        assert!(matches!(take(&mut header, 1 << 20), Err(WireError::TooLarge(_))));
    }

    #[test]
    fn half_a_message_says_how_much_is_missing() {
        let mut bytes = message(b'C', b"SELECT 1\0");
        let mut half = bytes.split_to(8);
        assert!(matches!(take(&mut half, 100), Ok(Taken::Missing(6))));
        half.unsplit(bytes);
        assert!(
            matches!(take(&mut half, 100), Ok(Taken::Message(Incoming::Complete(tag), _)) if tag == "SELECT 1")
        );
        assert!(half.is_empty());
    }

    #[test]
    fn a_row_that_ends_early_is_an_error() {
        let mut values = Values::of(Bytes::from_static(&[0, 2, 0, 0, 0, 1, b'x', 0, 0, 0, 9, b'y'])).unwrap();
        assert_eq!(values.next().unwrap(), Some(Some(Bytes::from_static(b"x"))));
        assert!(values.next().is_err());
    }

    #[test]
    fn an_error_behind_other_messages_is_found() {
        let mut bytes = message(b'C', b"DISCARD ALL\0");
        bytes.unsplit(message(b'Z', b"I"));
        assert!(!begins_with_error(&bytes));
        bytes.unsplit(message(b'E', b"SFATAL\0\0"));
        assert!(begins_with_error(&bytes));
    }
}
