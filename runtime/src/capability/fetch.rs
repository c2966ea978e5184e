//! `fetch`: the request goes to the provider, which decides whether it may leave. Bodies go with it, or come in chunks.

use std::collections::HashMap;
use std::sync::Arc;

use mayfly_abi::body::BodyFrame;
use mayfly_abi::frame::{Malformed, Reader};
use mayfly_abi::operation::{FetchEnd, FetchFrame, FetchWrite, Fetched, TransferEnd};
use tokio::sync::{Mutex, Semaphore};
use wasmtime::{Error, Result};

use super::operations::{Answer, OperationKind, Started};
use super::outgoing::{self, Outgoing};
use super::request::next_piece;
use crate::body::{Body, Chunks};
use crate::guest_error::GuestError;
use crate::providers::{BoxFuture, Fetch, FetchRequest, FetchResponse, Redirect};

// Concurrent requests of one invocation; the others wait for a permit.
const AT_ONCE_MAX: usize = 50;

/// The body of an answer, once there is one.
type Download = Arc<Mutex<Option<Arc<Mutex<Chunks>>>>>;

/// The egress of one invocation.
pub(crate) struct Egress {
    provider: Option<Arc<dyn Fetch>>,
    at_once: Arc<Semaphore>,
    requests: u32,
    requests_max: u32,
    bytes: u64,
    /// Bodies that are being sent and received, by the number of the fetch.
    uploads: HashMap<u32, Outgoing>,
    downloads: HashMap<u32, Download>,
}

impl Egress {
    pub(crate) fn new(provider: Option<Arc<dyn Fetch>>, requests_max: u32) -> Self {
        Self {
            provider,
            at_once: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            requests: 0,
            requests_max,
            bytes: 0,
            uploads: HashMap::new(),
            downloads: HashMap::new(),
        }
    }

    /// Bytes of the requests that were made.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Counts one more request, and its bytes: the network that makes it.
    pub(crate) fn admit(&mut self, bytes: usize) -> Result<Arc<dyn Fetch>, GuestError> {
        self.requests += 1;
        if self.requests > self.requests_max {
            let message = "this invocation has made all the requests that it may";
            return Err(GuestError::new("TOO_MANY_SUBREQUESTS", message));
        }
        let provider = self.provider.clone();
        let provider = provider
            .ok_or_else(|| GuestError::new("EGRESS_DENIED", "this invocation was granted no network"))?;
        self.bytes += bytes as u64;
        Ok(provider)
    }

    /// Begins a request; `number` is that of the operation.
    pub(crate) fn fetch(&mut self, frame: &[u8], number: u32) -> Started {
        let fetch = FetchFrame::read(frame)?;
        let redirect = redirect_of(fetch.redirect)?;
        let provider = match self.admit(frame.len()) {
            Ok(provider) => provider,
            Err(refused) => return Ok(failed(refused)),
        };
        let request = FetchRequest {
            method: fetch.method.to_owned(),
            url: fetch.url.to_owned(),
            headers: fetch.headers,
            body: self.body_of(fetch.body, number),
            redirect,
        };
        let download = Download::default();
        self.downloads.insert(number, Arc::clone(&download));
        let at_once = Arc::clone(&self.at_once);
        let work = async move {
            let permit = at_once.acquire().await;
            let response = provider.fetch(request).await?;
            drop(permit);
            answer(response, &download).await
        };
        Ok((OperationKind::Foreground, Box::pin(work)))
    }

    /// The next piece of an answer's body.
    pub(crate) fn read(&mut self, frame: &[u8]) -> Started {
        let download = self.downloads.get(&Reader::new(frame).u32()?).cloned();
        let read = async move {
            let Some(download) = download else { return Ok(Vec::new()) };
            let stream = download.lock().await.clone();
            next_piece(stream).1.await
        };
        Ok((OperationKind::Foreground, Box::pin(read)))
    }

    /// A piece of a request's body.
    pub(crate) fn write(&mut self, frame: &[u8]) -> Started {
        let FetchWrite { fetch, piece } = FetchWrite::read(frame)?;
        match self.uploads.get(&fetch) {
            Some(upload) => {
                self.bytes += piece.len() as u64;
                upload.write(piece)
            }
            None => Ok(outgoing::closed()),
        }
    }

    /// One of the two bodies of a fetch ends.
    pub(crate) fn end(&mut self, frame: &[u8]) -> Result<()> {
        let FetchEnd { fetch, ending } =
            FetchEnd::read(frame).map_err(|Malformed| Error::msg("the guest's frame is malformed"))?;
        match ending {
            TransferEnd::Unwanted => drop(self.downloads.remove(&fetch)),
            TransferEnd::Broken => drop(self.uploads.remove(&fetch)),
            TransferEnd::Complete => {
                if let Some(upload) = self.uploads.remove(&fetch) {
                    upload.complete();
                }
            }
        }
        Ok(())
    }

    fn body_of(&mut self, body: BodyFrame<'_>, number: u32) -> Option<Body> {
        match body {
            BodyFrame::None => None,
            BodyFrame::Whole(bytes) => Some(bytes.to_vec().into()),
            BodyFrame::Stream => {
                let broken = GuestError::new("BODY_BROKEN", "the function did not complete its request");
                let (upload, chunks) = Outgoing::open(broken);
                self.uploads.insert(number, upload);
                Some(Body::Stream(chunks))
            }
        }
    }
}

fn redirect_of(number: u8) -> Result<Redirect, Malformed> {
    match number {
        0 => Ok(Redirect::Follow),
        1 => Ok(Redirect::Error),
        2 => Ok(Redirect::Manual),
        _ => Err(Malformed),
    }
}

async fn answer(response: FetchResponse, download: &Download) -> Answer {
    let frame = |body| {
        Fetched {
            status: response.status,
            status_text: &response.status_text,
            redirected: response.redirected,
            url: &response.url,
            headers: response.headers,
            body,
        }
        .to_frame()
    };
    Ok(match response.body {
        Body::Whole(bytes) => frame(BodyFrame::Whole(&bytes)),
        Body::Stream(chunks) => {
            *download.lock().await = Some(Arc::new(Mutex::new(chunks)));
            frame(BodyFrame::Stream)
        }
    })
}

/// An operation that has failed.
pub(super) fn failed(error: GuestError) -> (OperationKind, BoxFuture<'static, Answer>) {
    (OperationKind::Foreground, Box::pin(std::future::ready(Err(error))))
}
