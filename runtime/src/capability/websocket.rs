//! `WebSocket`: sockets to hosts outside. The network opens them by the rules of `fetch`; here are their halves, by number.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use mayfly_abi::frame::{Malformed, Reader};
use mayfly_abi::operation::{ConnectFrame, MESSAGE_BYTES_MAX, MessageFrame};
use tokio::sync::Mutex;

use super::fetch::failed;
use super::operations::{Answer, OperationKind, Started};
use crate::guest_error::GuestError;
use crate::providers::{Fetch, OutboundMessage, OutboundSocket, SocketReader, SocketRequest, SocketWriter};

/// Sockets that an invocation has at once.
const OPEN_MAX: usize = 16;

/// A socket, from its being asked for on.
#[derive(Default)]
struct Socket {
    reader: Mutex<Option<Box<dyn SocketReader>>>,
    writer: Mutex<Option<Box<dyn SocketWriter>>>,
}

/// The sockets of one invocation, by the number of the operation that opened each.
#[derive(Default)]
pub(crate) struct OutboundSockets {
    open: HashMap<u32, Arc<Socket>>,
    bytes: u64,
}

impl OutboundSockets {
    /// Bytes of the messages that were sent.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Opens a socket; `number` is that of the operation.
    pub(crate) fn connect(
        &mut self,
        network: Result<Arc<dyn Fetch>, GuestError>,
        frame: &[u8],
        number: u32,
    ) -> Started {
        let ConnectFrame { url, headers, protocols } = ConnectFrame::read(frame)?;
        let network = match network {
            Ok(network) => network,
            Err(refused) => return Ok(failed(refused)),
        };
        if self.open.len() == OPEN_MAX {
            let message = format!("an invocation may have {OPEN_MAX} WebSockets open at once");
            return Ok(failed(GuestError::new("TOO_MANY_SUBREQUESTS", message)));
        }
        let request = SocketRequest { url: url.to_owned(), headers, protocols: protocols.to_owned() };
        let socket = Arc::new(Socket::default());
        self.open.insert(number, Arc::clone(&socket));
        let work = async move {
            let OutboundSocket { protocol, reader, writer } = network.connect(request).await?;
            *socket.reader.lock().await = Some(reader);
            *socket.writer.lock().await = Some(writer);
            Ok(protocol.into_bytes())
        };
        Ok((OperationKind::Foreground, Box::pin(work)))
    }

    /// The next message of a socket.
    pub(crate) fn read(&mut self, frame: &[u8]) -> Started {
        let Some(socket) = self.open.get(&Reader::new(frame).u32()?).cloned() else {
            return Ok(failed(not_open()));
        };
        let read = async move {
            let mut reader = socket.reader.lock().await;
            let message = reader.as_mut().ok_or_else(not_open)?.next().await?;
            Ok(match &message {
                OutboundMessage::Text(text) => MessageFrame::Text(text),
                OutboundMessage::Binary(bytes) => MessageFrame::Binary(bytes),
                OutboundMessage::Close(code, reason) => MessageFrame::Close(*code, reason),
            }
            .to_answer())
        };
        Ok((OperationKind::Foreground, Box::pin(read)))
    }

    /// A message for a socket.
    pub(crate) fn write(&mut self, frame: &[u8]) -> Started {
        let (number, message) = MessageFrame::read(frame)?;
        let message = match message {
            MessageFrame::Text(text) => OutboundMessage::Text(text.to_owned()),
            MessageFrame::Binary(bytes) => OutboundMessage::Binary(Bytes::copy_from_slice(bytes)),
            MessageFrame::Close(code, reason) => OutboundMessage::Close(code, reason.to_owned()),
        };
        if bytes_of(&message) > MESSAGE_BYTES_MAX {
            return Err(Malformed);
        }
        let Some(socket) = self.open.get(&number).cloned() else { return Ok(failed(not_open())) };
        self.bytes += bytes_of(&message) as u64;
        Ok((OperationKind::Foreground, Box::pin(async move { send(&socket, message).await })))
    }

    /// A socket is not wanted any more: what uses it still is the last to do so.
    pub(crate) fn end(&mut self, number: u32) {
        self.open.remove(&number);
    }
}

async fn send(socket: &Socket, message: OutboundMessage) -> Answer {
    let mut writer = socket.writer.lock().await;
    writer.as_mut().ok_or_else(not_open)?.send(message).await?;
    Ok(Vec::new())
}

fn bytes_of(message: &OutboundMessage) -> usize {
    match message {
        OutboundMessage::Text(text) | OutboundMessage::Close(_, text) => text.len(),
        OutboundMessage::Binary(bytes) => bytes.len(),
    }
}

fn not_open() -> GuestError {
    GuestError::new("SOCKET_CLOSED", "this WebSocket is not open")
}
