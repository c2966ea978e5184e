//! `WebSocket`: one socket from start to end, by the rules of `fetch`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL,
};
use http::{HeaderValue, Request, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use mayfly_ledger::Held;
use mayfly_runtime::providers::{
    BoxFuture, GuestError, OutboundMessage, OutboundSocket, SocketReader, SocketRequest, SocketWriter,
};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tower::ServiceExt as _;
use url::Url;

use super::connect::GuardedConnector;
use super::exchange::{HEAD_TIMEOUT, check};
use super::failure::{explain, failed};
use super::headers;
use super::limits::FetchLimits;

/// The longest message that comes in.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// What is read at once.
const READ_BYTES: usize = 16 << 10;
/// What is gathered before it is written.
const WRITE_BYTES: usize = 16 << 10;
/// What a socket counts in the ledger: a message that is put together, and its buffers.
const OPEN_SOCKET_BYTES: usize = MESSAGE_BYTES_MAX + (64 << 10);
/// How long the other side may take to end a connection that is closed.
const LINGER: Duration = Duration::from_secs(2);
/// Said where a close has no code.
const NO_CODE: u16 = 1005;

type Stream = WebSocketStream<TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>>;

/// Connects, and asks for the socket. A redirect is followed no more than browsers do.
pub(super) async fn open(
    connector: &HttpsConnector<GuardedConnector>,
    limits: FetchLimits<'_>,
    request: SocketRequest,
) -> Result<OutboundSocket, GuestError> {
    let opened = async {
        let url = Url::parse(&request.url).map_err(|_| failed("the URL is not valid"))?;
        let mut http = url.clone();
        let is_socket = matches!(url.scheme(), "ws" | "wss");
        if !is_socket || http.set_scheme(if url.scheme() == "wss" { "https" } else { "http" }).is_err() {
            return Err(failed("a WebSocket's address begins with wss: or ws:"));
        }
        check(&http, limits)?;
        let upgrade = upgrade(&url, &request)?;
        let held = limits.account.take(OPEN_SOCKET_BYTES).map_err(GuestError::no_memory)?;
        let uri: Uri = http.as_str().parse().map_err(|_| failed("the URL cannot be sent"))?;
        let shaken = async {
            let io = connector.clone().oneshot(uri).await.map_err(|error| explain(error.as_ref()))?;
            client_async_with_config(upgrade, TokioIo::new(io), Some(config())).await.map_err(refused)
        };
        let (stream, answer) = tokio::time::timeout(HEAD_TIMEOUT, shaken)
            .await
            .map_err(|_| failed(format_args!("no answer within {} seconds", HEAD_TIMEOUT.as_secs())))??;
        if answer.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            return Err(failed("the server chose an extension that was not offered"));
        }
        let protocol = answer.headers().get(SEC_WEBSOCKET_PROTOCOL).and_then(|name| name.to_str().ok());
        Ok(halves(stream, protocol.unwrap_or_default().to_owned(), held))
    };
    opened.await.map_err(of_socket)
}

/// The errors of `fetch` are in its words.
fn of_socket(mut error: GuestError) -> GuestError {
    if let Some(rest) = error.message.strip_prefix("fetch ") {
        error.message = format!("WebSocket {rest}");
    }
    error
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_write_buffer_size(2 * MESSAGE_BYTES_MAX)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
}

/// The request for the socket: the handshake's own headers cannot be replaced.
fn upgrade(url: &Url, wanted: &SocketRequest) -> Result<Request<()>, GuestError> {
    let mut target = url.clone();
    target.set_fragment(None);
    let mut request = target
        .as_str()
        .into_client_request()
        .map_err(|_| failed("the URL cannot be asked for a WebSocket"))?;
    let mut given = headers::outgoing(&wanted.headers)?;
    for name in [ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE] {
        given.remove(name);
    }
    let mut last = None;
    for (name, value) in given {
        last = name.or(last);
        match &last {
            Some(name) if !name.as_str().starts_with("sec-websocket-") => {
                request.headers_mut().append(name, value);
            }
            _ => {}
        }
    }
    if !wanted.protocols.is_empty() {
        let offered = HeaderValue::from_str(&wanted.protocols)
            .map_err(|_| failed("the names of the subprotocols are not valid"))?;
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offered);
    }
    Ok(request)
}

fn refused(error: Error) -> GuestError {
    match error {
        Error::Http(answer) => {
            failed(format_args!("the server answered {} instead of opening it", answer.status().as_u16()))
        }
        Error::Io(error) => explain(&error),
        Error::Protocol(error) => failed(format_args!("the server's handshake is not valid: {error}")),
        _ => failed("the server's handshake is not valid"),
    }
}

fn halves(stream: Stream, protocol: String, held: Held) -> OutboundSocket {
    let (sink, stream) = stream.split();
    let sink = Arc::new(Mutex::new(sink));
    OutboundSocket {
        protocol,
        reader: Box::new(Reader { stream, sink: Arc::clone(&sink), _held: held }),
        writer: Box::new(Writer { sink }),
    }
}

type Sink = Arc<Mutex<SplitSink<Stream, Message>>>;

struct Reader {
    stream: SplitStream<Stream>,
    /// Where the other side is told what it did wrong.
    sink: Sink,
    _held: Held,
}

struct Writer {
    sink: Sink,
}

impl SocketReader for Reader {
    fn next(&mut self) -> BoxFuture<'_, Result<OutboundMessage, GuestError>> {
        Box::pin(async move {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Ok(OutboundMessage::Text(text.as_str().to_owned()));
                    }
                    Some(Ok(Message::Binary(bytes))) => return Ok(OutboundMessage::Binary(bytes)),
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                    Some(Ok(Message::Close(close))) => {
                        self.finish().await;
                        return Ok(match close {
                            Some(CloseFrame { code, reason }) => {
                                OutboundMessage::Close(code.into(), reason.as_str().to_owned())
                            }
                            None => OutboundMessage::Close(NO_CODE, String::new()),
                        });
                    }
                    Some(Err(error)) => return Err(self.broken(&error).await),
                    None => return Err(broke_off()),
                }
            }
        })
    }
}

impl Reader {
    /// The rest of the closing handshake: the answer to the close leaves, and the other side ends the connection.
    async fn finish(&mut self) {
        let rest = async { while let Some(Ok(_)) = self.stream.next().await {} };
        let _ = tokio::time::timeout(LINGER, rest).await;
    }

    /// What went wrong; the other side is told, where it is its fault.
    async fn broken(&mut self, error: &Error) -> GuestError {
        let (code, why) = match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                let why = format!("a message has more than {MESSAGE_BYTES_MAX} bytes");
                (CloseCode::Size, why)
            }
            Error::Utf8(_) => (CloseCode::Invalid, "a text is not UTF-8".to_owned()),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return broke_off(),
            Error::Protocol(error) => {
                (CloseCode::Protocol, format!("the other side broke the protocol: {error}"))
            }
            _ => return broke_off(),
        };
        let close = CloseFrame { code, reason: Utf8Bytes::default() };
        let told = async { self.sink.lock().await.send(Message::Close(Some(close))).await };
        let _ = tokio::time::timeout(LINGER, told).await;
        of_socket(failed(why))
    }
}

impl SocketWriter for Writer {
    fn send(&mut self, message: OutboundMessage) -> BoxFuture<'_, Result<(), GuestError>> {
        let message = match message {
            OutboundMessage::Text(text) => Message::Text(text.into()),
            OutboundMessage::Binary(bytes) => Message::Binary(bytes),
            OutboundMessage::Close(NO_CODE, _) => Message::Close(None),
            OutboundMessage::Close(code, reason) => {
                Message::Close(Some(CloseFrame { code: code.into(), reason: reason.into() }))
            }
        };
        Box::pin(async move { self.sink.lock().await.send(message).await.map_err(|_| broke_off()) })
    }
}

fn broke_off() -> GuestError {
    of_socket(failed("the connection broke off"))
}

#[cfg(test)]
mod tests;
