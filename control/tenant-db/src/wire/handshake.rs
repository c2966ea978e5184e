//! A connection that is not logged in yet: messages of the startup, one at a time.

use std::io;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;

use super::error::{Refusal, WireError};
use super::message::MESSAGE_MAX;
use super::stream::Stream;

/// The socket, and the bytes that came in and are not read yet.
pub(super) struct Handshake {
    pub(super) stream: Stream,
    pub(super) input: BytesMut,
}

impl Handshake {
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    pub(super) async fn next(&mut self) -> Result<Message, WireError> {
        loop {
            if let Some(message) = Message::parse(&mut self.input)? {
                return match message {
                    Message::ErrorResponse(body) => Err(Refusal::read(body.fields())?.into()),
                    message => Ok(message),
                };
            }
            if self.input.len() > MESSAGE_MAX {
                return Err(WireError::Protocol("length"));
            }
            self.input.reserve(1 << 10);
            if self.stream.read(&mut self.input).await? == 0 {
                return Err(WireError::Lost(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }
}
