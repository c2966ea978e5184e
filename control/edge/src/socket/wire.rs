//! `Wire`: one websocket connection, with bounds on what it reads and how long it writes.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use mayfly_api::realtime::{FRAME_BYTES_MAX, SocketClose, SocketFrame, SocketMessage, close_code};
use tokio::io::AsyncReadExt as _;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// What is read at once: almost every frame is smaller, and an idle socket holds as much.
const READ_BYTES: usize = 1 << 10;
/// What is gathered before it is written.
const WRITE_BYTES: usize = 16 << 10;
/// More than any message of ours.
const WRITE_BYTES_MAX: usize = 8 << 20;
/// After its end a connection is read for as long, so that the client gets the close and no reset.
const LINGER: Duration = Duration::from_secs(2);

/// The first byte of a close frame.
const CLOSE_BYTE: u8 = 0x88;

/// One connection.
pub(super) struct Wire {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    write_timeout: Duration,
    /// The client broke the protocol: what it sends now is no frame any more.
    is_broken: bool,
}

/// What was read.
pub(super) enum Read {
    /// A message of the client.
    Frame(SocketFrame),
    /// A sign of life.
    Alive,
    /// The client has closed it, or is gone.
    Ended,
    /// It broke the protocol: this is why the socket is closed.
    Broken(SocketClose),
}

impl Wire {
    pub(super) async fn new(io: TokioIo<Upgraded>, write_timeout: Duration) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(WRITE_BYTES)
            .max_write_buffer_size(WRITE_BYTES_MAX)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        Self { stream, write_timeout, is_broken: false }
    }

    /// Read the next message. Dropped before its end, it has lost nothing.
    pub(super) async fn read(&mut self) -> Read {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => Read::Frame(SocketFrame::Text(Bytes::from(text))),
            Some(Ok(Message::Binary(bytes))) => Read::Frame(SocketFrame::Binary(bytes)),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Read::Alive,
            Some(Ok(Message::Close(_))) => {
                Box::pin(self.finish()).await;
                Read::Ended
            }
            Some(Err(error)) => match broken(&error) {
                Some(close) => {
                    self.is_broken = true;
                    Read::Broken(close)
                }
                None => Read::Ended,
            },
            None => Read::Ended,
        }
    }

    /// Send a message. `false`: the client is gone, or did not take it in time.
    pub(super) async fn write(&mut self, message: SocketMessage) -> bool {
        let message = match message {
            SocketMessage::Text(bytes) => match Utf8Bytes::try_from(bytes) {
                Ok(text) => Message::Text(text),
                Err(_) => return true,
            },
            SocketMessage::Binary(bytes) => Message::Binary(bytes),
            SocketMessage::Close(_) => return false,
        };
        self.send(message).await
    }

    /// Ask the client whether it is there.
    pub(super) async fn ping(&mut self) -> bool {
        self.send(Message::Ping(Bytes::new())).await
    }

    async fn send(&mut self, message: Message) -> bool {
        matches!(tokio::time::timeout(self.write_timeout, self.stream.send(message)).await, Ok(Ok(())))
    }

    /// Close the connection, and wait for a moment until the client has done so, too.
    pub(super) async fn close(mut self, close: &SocketClose) {
        let frame =
            CloseFrame { code: CloseCode::from(close.code), reason: Utf8Bytes::from(close.reason.as_str()) };
        let sent = tokio::time::timeout(self.write_timeout, self.stream.close(Some(frame))).await;
        match sent {
            Ok(Ok(())) if self.is_broken => {
                let _ = tokio::time::timeout(LINGER, self.drain()).await;
            }
            Ok(Ok(())) => self.finish().await,
            Ok(Err(_)) | Err(_) => {}
        }
    }

    /// An error frame that says why, then the close.
    pub(super) async fn refuse(mut self, close: &SocketClose, code: &str) {
        let error = serde_json::json!({ "type": "error", "message": close.reason, "code": code });
        if self.write(SocketMessage::Text(error.to_string().into())).await {
            self.close(close).await;
        }
    }

    /// Read what is still under way, whatever it is, until what looks like the client's own close: a reset would take ours
    /// from it.
    async fn drain(&mut self) {
        let mut buffer = [0; 1_024];
        let io = self.stream.get_mut();
        while matches!(io.read(&mut buffer).await, Ok(1..)) && buffer[0] != CLOSE_BYTE {}
    }

    /// The rest of the closing handshake, begun by either side.
    async fn finish(&mut self) {
        let flush = async { while let Some(Ok(_)) = self.stream.next().await {} };
        let _ = tokio::time::timeout(LINGER, flush).await;
    }
}

/// How a connection ends whose client broke the protocol; `None`: it is gone.
fn broken(error: &Error) -> Option<SocketClose> {
    let close = |code, text: String| Some(SocketClose::new(code, &text));
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => {
            close(close_code::TOO_LARGE, format!("a message may have {FRAME_BYTES_MAX} bytes at most"))
        }
        Error::Utf8(_) => close(close_code::INVALID_TEXT, "a text is not UTF-8".to_owned()),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(error) => close(close_code::PROTOCOL, error.to_string()),
        _ => None,
    }
}
