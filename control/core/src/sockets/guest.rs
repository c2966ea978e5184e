//! `ctx.broadcast` and `ctx.socket` of one invocation.

use std::sync::Arc;

use bytes::Bytes;
use mayfly_api::error::ApiError;
use mayfly_api::realtime::{SocketClose, SocketMessage};
use mayfly_runtime::providers::{BoxFuture, GuestError, Realtime, RealtimeAction};
use serde::Serialize;
use serde_json::value::RawValue;

use super::publisher::Publisher;
use super::socket::Socket;

/// The longest message of a function, in bytes.
const MESSAGE_BYTES_MAX: usize = 256 << 10;
/// The longest channel, in bytes.
const CHANNEL_BYTES_MAX: usize = 200;

/// The channels of an app, and the socket whose frame an invocation handles.
#[derive(Debug)]
pub struct GuestSocket {
    /// The app.
    pub app: Arc<str>,
    /// Sends messages to all nodes.
    pub publisher: Publisher,
    /// The socket; none where the invocation handles no frame.
    pub socket: Option<Arc<Socket>>,
}

/// What a function says to its client.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    data: &'a RawValue,
}

impl Realtime for GuestSocket {
    fn act(self: Arc<Self>, action: RealtimeAction) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async move { self.do_it(action).await })
    }
}

impl GuestSocket {
    async fn do_it(&self, action: RealtimeAction) -> Result<(), GuestError> {
        match action {
            RealtimeAction::Broadcast { channel, data } => {
                check_channel(&channel).map_err(invalid)?;
                let sent = self.publisher.broadcast(&self.app, &channel, &json(&data)?).await;
                sent.map_err(|error: ApiError| GuestError::new(error.code().as_str(), error.message()))
            }
            RealtimeAction::Send(data) => {
                let message = serde_json::to_vec(&Message { kind: "message", data: &json(&data)? });
                let message = message.map_err(|error| invalid(error.to_string()))?;
                self.send(SocketMessage::Text(Bytes::from(message)))
            }
            RealtimeAction::SendBytes(bytes) => {
                check_length(bytes.len())?;
                self.send(SocketMessage::Binary(bytes))
            }
            RealtimeAction::Close { code, reason } => {
                if !(code == 1000 || (3000..5000).contains(&code)) {
                    return Err(invalid("the code is 1000, or 3000 to 4999".to_owned()));
                }
                self.socket()?.outbox.close(SocketClose::new(code, &reason));
                Ok(())
            }
            RealtimeAction::Subscribe(channel) => {
                check_channel(&channel).map_err(invalid)?;
                if self.socket()?.subscribe(&channel) {
                    return Ok(());
                }
                let text = "the socket has as many channels as it may have, or is closed";
                Err(GuestError::new("SOCKET_CHANNELS", text))
            }
            RealtimeAction::Unsubscribe(channel) => {
                self.socket()?.unsubscribe(&channel);
                Ok(())
            }
        }
    }

    fn send(&self, message: SocketMessage) -> Result<(), GuestError> {
        if self.socket()?.outbox.send(message) {
            return Ok(());
        }
        Err(GuestError::new("SOCKET_CLOSED", "the socket is closed"))
    }

    fn socket(&self) -> Result<&Arc<Socket>, GuestError> {
        let missing = || GuestError::new("SOCKET_CLOSED", "this invocation handles no frame of a socket");
        self.socket.as_ref().ok_or_else(missing)
    }
}

/// Whether a text can name a channel.
pub fn check_channel(channel: &str) -> Result<(), String> {
    if channel.is_empty() || channel.len() > CHANNEL_BYTES_MAX || channel.chars().any(char::is_control) {
        return Err(format!(
            "\"channel\" must have 1 to {CHANNEL_BYTES_MAX} bytes and no control characters"
        ));
    }
    Ok(())
}

/// A guest's memory is its author's to write: what says that it is JSON is checked.
fn json(data: &str) -> Result<Box<RawValue>, GuestError> {
    check_length(data.len())?;
    RawValue::from_string(data.to_owned()).map_err(|error| invalid(error.to_string()))
}

fn check_length(bytes: usize) -> Result<(), GuestError> {
    if bytes <= MESSAGE_BYTES_MAX {
        return Ok(());
    }
    Err(invalid(format!("a message may have {MESSAGE_BYTES_MAX} bytes at most")))
}

fn invalid(message: String) -> GuestError {
    GuestError::new("REALTIME_INVALID", message)
}
