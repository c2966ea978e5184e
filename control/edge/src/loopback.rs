//! The way from a handler back to the first layer: for handlers whose work is a request to another route.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::reply::Reply;

/// A request that is being answered. Its type ends here: the layers' own would contain itself.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// Marks a request that a handler makes: policies were asked before it. No header says so, which anyone could send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OurOwn;

type Ask = dyn Fn(Request<Full<Bytes>>) -> Answering + Send + Sync;

/// Sends requests through all layers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Loopback(Arc<Ask>);

impl Loopback {
    pub(crate) fn new(ask: impl Fn(Request<Full<Bytes>>) -> Answering + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// The answer to a request: it is authenticated, limited and logged like any other.
    pub(crate) fn ask(&self, mut request: Request<Full<Bytes>>) -> Answering {
        request.extensions_mut().insert(OurOwn);
        (self.0)(request)
    }
}

impl fmt::Debug for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loopback")
    }
}
