//! The way from a handler back to the first layer: for handlers whose work is a request to another route.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
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

/// A request in the name of a caller.
pub(crate) struct OwnRequest {
    /// The address that the caller asks from.
    pub(crate) peer: IpAddr,
    pub(crate) request: Request<Full<Bytes>>,
}

type Ask = dyn Fn(OwnRequest) -> Answering + Send + Sync;

/// Sends requests through all layers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Loopback(Arc<Ask>);

impl Loopback {
    pub(crate) fn new(ask: impl Fn(OwnRequest) -> Answering + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// The answer to a request: it is authenticated, limited and logged like any other.
    pub(crate) fn ask(&self, mut own: OwnRequest) -> Answering {
        own.request.extensions_mut().insert(OurOwn);
        (self.0)(own)
    }
}

impl fmt::Debug for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Loopback")
    }
}
