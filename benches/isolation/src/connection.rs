//! A client of one connection, as cheap as the checks allow: a load generator must not be what is measured.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Headers that an answer may have.
const HEADERS_MAX: usize = 64;

/// The most of an answer that is read.
const ANSWER_MAX: usize = 64 << 20;

/// One connection, which stays open.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
    body: Vec<u8>,
}

/// How an answer's body ends.
enum Length {
    Known(usize),
    Chunked,
}

/// The head of an answer.
struct Head {
    length: usize,
    status: u16,
    body: Length,
}

impl Connection {
    /// Opens a connection.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: BytesMut::with_capacity(16 << 10), body: Vec::new() })
    }

    /// Sends a whole request; the status and the body of its answer.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.body.clear();
        let head = loop {
            if let Some(head) = head(&self.buffer)? {
                break head;
            }
            self.more().await?;
        };
        self.buffer.advance(head.length);
        match head.body {
            Length::Known(length) => {
                if length > ANSWER_MAX {
                    return Err(invalid("the answer is too long"));
                }
                while self.buffer.len() < length {
                    self.buffer.reserve(length - self.buffer.len());
                    self.more().await?;
                }
                self.body.extend_from_slice(self.buffer.get(..length).unwrap_or_default());
                self.buffer.advance(length);
            }
            Length::Chunked => while self.chunk().await? {},
        }
        Ok((head.status, &self.body))
    }

    /// Reads a chunk into the body; whether there may be another one.
    async fn chunk(&mut self) -> io::Result<bool> {
        loop {
            let parsed =
                httparse::parse_chunk_size(&self.buffer).map_err(|_| invalid("a malformed chunk"))?;
            if let httparse::Status::Complete((head, size)) = parsed {
                let size = usize::try_from(size).map_err(|_| invalid("a chunk's size"))?;
                if size > ANSWER_MAX || self.body.len() > ANSWER_MAX {
                    return Err(invalid("the answer is too long"));
                }
                while self.buffer.len() < head + size + 2 {
                    self.more().await?;
                }
                self.body.extend_from_slice(self.buffer.get(head..head + size).unwrap_or_default());
                self.buffer.advance(head + size + 2);
                return Ok(size > 0);
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        self.buffer.reserve(16 << 10);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn head(buffer: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(buffer).map_err(|error| invalid(&format!("the answer's head: {error}")))?;
    let httparse::Status::Complete(length) = parsed else { return Ok(None) };
    let value = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let body = match (value("content-length"), value("transfer-encoding")) {
        (Some(length), _) => {
            Length::Known(length.parse().map_err(|_| invalid("a malformed Content-Length"))?)
        }
        (None, Some(_)) => Length::Chunked,
        (None, None) => Length::Known(0),
    };
    Ok(Some(Head { length, status: response.code.unwrap_or_default(), body }))
}

/// A request's bytes.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if method != "GET" {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
