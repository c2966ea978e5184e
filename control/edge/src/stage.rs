//! The stages of a request, as types: a later one cannot be made without passing the one before.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::request::Parts;
use mayfly_api::access::Manager;
use mayfly_api::routes::Found;
use mayfly_runtime::{Body, Chunks};
use mayfly_telemetry::request::RequestContext;

use crate::services::EdgeServices;

/// A request with its context, as the outer layers see it.
pub(crate) struct Arrived<B> {
    /// What goes unchanged into the record.
    pub(crate) context: RequestContext,
    /// Everything but the body.
    pub(crate) head: Parts,
    /// The body, unread.
    pub(crate) body: B,
}

impl<B> Arrived<B> {
    /// The same request with its body wrapped.
    pub(crate) fn map_body<C>(self, wrap: impl FnOnce(B) -> C) -> Arrived<C> {
        Arrived { context: self.context, head: self.head, body: wrap(self.body) }
    }
}

/// A request for a row of the route table. Made by `layers/route.rs` alone.
pub(crate) struct Routed<B> {
    pub(crate) found: Found,
    pub(crate) request: Arrived<B>,
}

/// A request whose function, where it calls one, was found. Made by `layers/resolve.rs` alone.
pub(crate) struct Resolved<S: EdgeServices, B> {
    pub(crate) routed: Routed<B>,
    /// The function of a call; `None`: a management request.
    pub(crate) function: Option<S::Resolved>,
}

/// A request by someone who may make it. Made by `layers/auth.rs` alone.
pub(crate) struct Authorized<S: EdgeServices, B> {
    pub(crate) routed: Routed<B>,
    pub(crate) access: Access<S>,
}

/// Why a request may be served.
pub(crate) enum Access<S: EdgeServices> {
    /// It calls a function that it may call.
    Call(S::Authorized),
    /// It manages; `None`: anyone may.
    Manage(Option<Manager>),
}

/// A request whose body is here, with a permit where it runs a function: what handlers get. Made by `layers/admit.rs`
/// alone.
pub(crate) enum Admitted<S: EdgeServices> {
    /// A call of a function.
    Call(AdmittedCall<S>),
    /// A management route that runs something in a sandbox.
    Run(Managed, S::Permit),
    /// A request to an app's S3 endpoint.
    Storage(Box<StorageRequest>),
    /// Any other route.
    Manage(Managed),
}

/// A call of a function.
pub(crate) struct AdmittedCall<S: EdgeServices> {
    pub(crate) context: RequestContext,
    pub(crate) head: Parts,
    pub(crate) authorized: S::Authorized,
    pub(crate) permit: S::Permit,
    pub(crate) body: Option<Body>,
}

/// A request to an app's S3 endpoint, whose body is read when its signature is known to be right.
pub(crate) struct StorageRequest {
    pub(crate) context: RequestContext,
    pub(crate) head: Parts,
    pub(crate) app: String,
    pub(crate) body: Chunks,
}

/// A management request with its whole body.
pub(crate) struct Managed {
    pub(crate) context: RequestContext,
    pub(crate) head: Parts,
    pub(crate) found: Found,
    pub(crate) manager: Option<Manager>,
    pub(crate) body: Bytes,
}

impl<S: EdgeServices> Admitted<S> {
    /// What goes into the record.
    pub(crate) fn context(&self) -> &RequestContext {
        match self {
            Self::Call(call) => &call.context,
            Self::Storage(request) => &request.context,
            Self::Run(managed, _) | Self::Manage(managed) => &managed.context,
        }
    }

    /// Whether the caller may see stacks and timings: service and admin keys may.
    pub(crate) fn is_trusted(&self) -> bool {
        match self {
            Self::Call(call) => S::is_trusted(&call.authorized),
            Self::Storage(_) => false,
            Self::Run(managed, _) | Self::Manage(managed) => managed.manager.is_some(),
        }
    }
}

/// The body of a call: what has arrived, and what follows.
pub(crate) fn arriving(body: Bytes, rest: Option<Chunks>) -> Option<Body> {
    match rest {
        Some(rest) if body.is_empty() => Some(Body::Stream(rest)),
        Some(rest) => Some(Body::Stream(Chunks::new(stream::iter([Ok(body)]).chain(rest)))),
        None => (!body.is_empty()).then(|| body.into()),
    }
}
