//! The bytes under the protocol: a Unix socket, TCP, or TLS over TCP.

use std::io;

use bytes::BytesMut;
use futures_util::FutureExt as _;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use mayfly_postgres::{PostgresEndpoint, ServerAddress};

/// How much is read at once of what is thrown away, in bytes.
const DISCARD: usize = 8 << 10;

/// A connected socket.
#[derive(Debug)]
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(super) async fn open(endpoint: &PostgresEndpoint) -> io::Result<Self> {
        match endpoint.address() {
            ServerAddress::Unix { directory, port } => {
                let path = ServerAddress::socket_path(directory, *port);
                Ok(Self::Unix(UnixStream::connect(path).await?))
            }
            ServerAddress::Tcp { host, port } => {
                let mut stream = TcpStream::connect((host.as_str(), *port)).await?;
                // Small messages, each waited for.
                stream.set_nodelay(true)?;
                let tls = endpoint.tls();
                if !tls.is_required() {
                    return Ok(Self::Tcp(stream));
                }
                ask_for_tls(&mut stream).await?;
                Ok(Self::Tls(Box::new(tls.handshake(host, stream).await?)))
            }
        }
    }

    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.write_all(bytes).await,
            Self::Tcp(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    /// Wait for some bytes. 0: the other side has closed.
    pub(super) async fn read(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read_buf(buffer).await,
            Self::Tcp(stream) => stream.read_buf(buffer).await,
            Self::Tls(stream) => stream.read_buf(buffer).await,
        }
    }

    /// Send nothing more, and wait until the other side has closed, whatever it sends before that.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.shutdown().await?,
            Self::Tcp(stream) => stream.shutdown().await?,
            Self::Tls(stream) => stream.shutdown().await?,
        }
        let mut ignored = BytesMut::new();
        loop {
            ignored.clear();
            ignored.reserve(DISCARD);
            if self.read(&mut ignored).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Take what is there, without waiting.
    pub(super) fn try_read(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.try_read_buf(buffer),
            Self::Tcp(stream) => stream.try_read_buf(buffer),
            Self::Tls(stream) => stream
                .read_buf(buffer)
                .now_or_never()
                .unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into())),
        }
    }
}

/// One byte decides, before anything else is said. It is read alone, so that nothing that an attacker in between
/// inserts behind it is taken for the server's.
async fn ask_for_tls(stream: &mut TcpStream) -> io::Result<()> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await?;
    match stream.read_u8().await? {
        b'S' => Ok(()),
        _ => {
            Err(io::Error::other("the server does no TLS; use sslmode=disable on a network that is trusted"))
        }
    }
}
