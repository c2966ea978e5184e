//! Bodies in chunks, `aws-chunked`: each chunk may have a signature of its own, and headers may follow the last one.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use ring::{digest, hmac};

use super::sign::sha256;
use crate::{Bytestream, StorageError};

/// Bytes of a line: a chunk's length and signature, or a trailing header.
const LINE_MAX: usize = 4 << 10;
/// Lines behind the last chunk.
const TRAILERS_MAX: usize = 16;

/// How a body is cut into chunks.
#[derive(Debug, Clone)]
pub(crate) struct Chunking {
    /// `None`: chunks are not signed.
    pub(super) signing: Option<ChunkSigning>,
    pub(super) has_trailer: bool,
}

impl PartialEq for Chunking {
    fn eq(&self, other: &Self) -> bool {
        (self.signing.is_some(), self.has_trailer) == (other.signing.is_some(), other.has_trailer)
    }
}

impl Eq for Chunking {}

/// What chunks are signed with.
#[derive(Debug, Clone)]
pub(super) struct ChunkSigning {
    pub(super) key: hmac::Key,
    pub(super) date: String,
    pub(super) scope: String,
    /// The signature before the next one.
    pub(super) previous: String,
}

/// Headers that came behind a body; there once the body has ended. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Trailers(Arc<Mutex<Vec<(String, String)>>>);

impl Trailers {
    /// The value of one, by its name in lower case.
    pub fn get(&self, name: &str) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

/// The bytes within the chunks. An error is the last item; what came before it is not to be kept.
pub(crate) fn body(body: Bytestream, chunking: Chunking, trailers: Trailers) -> Bytestream {
    let reader =
        Reader { body, buffer: BytesMut::new(), chunking, trailers, left: 0, hash: None, is_over: false };
    Box::pin(stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        match reader.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(reader))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    }))
}

struct Reader {
    body: Bytestream,
    buffer: BytesMut,
    chunking: Chunking,
    trailers: Trailers,
    /// Bytes of the present chunk that are still to come.
    left: u64,
    /// Of the present chunk, where it is signed: its signature and what was read of it.
    hash: Option<(String, digest::Context)>,
    is_over: bool,
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Bytes>, StorageError> {
        if self.is_over {
            return Ok(None);
        }
        if self.left == 0 {
            self.begin_chunk().await?;
            if self.left == 0 {
                self.end_chunk()?;
                self.read_trailers().await?;
                self.is_over = true;
                return Ok(None);
            }
        }
        if self.buffer.is_empty() {
            self.fill().await?;
        }
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.buffer.len());
        let bytes = self.buffer.split_to(count).freeze();
        self.left -= count as u64;
        if let Some((_, hash)) = &mut self.hash {
            hash.update(&bytes);
        }
        if self.left == 0 {
            self.end_chunk()?;
            if !self.line().await?.is_empty() {
                return Err(malformed());
            }
        }
        Ok(Some(bytes))
    }

    async fn begin_chunk(&mut self) -> Result<(), StorageError> {
        let line = self.line().await?;
        let (length, extension) =
            line.split_once(';').map_or((line.as_str(), ""), |(length, rest)| (length, rest));
        let is_number =
            (1..=16).contains(&length.len()) && length.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_number {
            return Err(malformed());
        }
        self.left = u64::from_str_radix(length, 16).map_err(|_| malformed())?;
        if self.chunking.signing.is_some() {
            let signature = extension.strip_prefix("chunk-signature=").ok_or_else(malformed)?;
            self.hash = Some((signature.to_owned(), digest::Context::new(&digest::SHA256)));
        }
        Ok(())
    }

    fn end_chunk(&mut self) -> Result<(), StorageError> {
        let Some((signature, hash)) = self.hash.take() else { return Ok(()) };
        let digest = hex::encode(hash.finish());
        self.verify("AWS4-HMAC-SHA256-PAYLOAD", &format!("{}\n{digest}", sha256(b"")), signature)
    }

    fn verify(&mut self, kind: &str, digests: &str, signature: String) -> Result<(), StorageError> {
        let Some(signing) = &mut self.chunking.signing else { return Ok(()) };
        let ChunkSigning { key, date, scope, previous } = signing;
        let text = format!("{kind}\n{date}\n{scope}\n{previous}\n{digests}");
        let sent = hex::decode(&signature).unwrap_or_default();
        if hmac::verify(key, text.as_bytes(), &sent).is_err() {
            return Err(StorageError::ChunkSignature);
        }
        *previous = signature;
        Ok(())
    }

    /// Headers, an empty line, and nothing behind it.
    async fn read_trailers(&mut self) -> Result<(), StorageError> {
        let (mut all, mut signature) = (Vec::new(), None);
        loop {
            // Some clients leave the last empty line out.
            if self.buffer.is_empty() && !self.try_fill().await? {
                break;
            }
            let line = self.line().await?;
            if line.is_empty() {
                if signature.is_none()
                    && self.chunking.signing.is_some()
                    && self.chunking.has_trailer
                    && !all.is_empty()
                {
                    // The signature of the trailers may stand behind an empty line.
                    continue;
                }
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(malformed)?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
            if name == "x-amz-trailer-signature" {
                signature = Some(value);
            } else if all.len() < TRAILERS_MAX && self.chunking.has_trailer {
                all.push((name, value));
            } else {
                return Err(malformed());
            }
        }
        if self.chunking.has_trailer && self.chunking.signing.is_some() {
            let lines: String = all.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
            let digest = sha256(lines.as_bytes());
            self.verify("AWS4-HMAC-SHA256-TRAILER", &digest, signature.unwrap_or_default())?;
        }
        *self.trailers.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(())
    }

    /// A line without its end.
    async fn line(&mut self) -> Result<String, StorageError> {
        loop {
            if let Some(end) = self.buffer.iter().take(LINE_MAX).position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(end);
                self.buffer.advance(1);
                let line = line.strip_suffix(b"\r").unwrap_or(&line);
                return String::from_utf8(line.to_vec()).map_err(|_| malformed());
            }
            if self.buffer.len() >= LINE_MAX {
                return Err(malformed());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), StorageError> {
        if self.try_fill().await? { Ok(()) } else { Err(malformed()) }
    }

    async fn try_fill(&mut self) -> Result<bool, StorageError> {
        let Some(bytes) = self.body.next().await.transpose()? else { return Ok(false) };
        if self.buffer.is_empty() {
            // Without a copy where the bytes are here alone.
            self.buffer = bytes.try_into_mut().unwrap_or_else(|bytes| BytesMut::from(bytes.as_ref()));
        } else {
            self.buffer.extend_from_slice(&bytes);
        }
        Ok(true)
    }
}

fn malformed() -> StorageError {
    StorageError::Body("the body is not in the chunks that it says, or ended early".to_owned())
}
