//! What goes into an invocation.

use bytes::Bytes;

use crate::limits::Limits;
use crate::providers::Grants;

/// An HTTP request, as the function sees it. Whoever calls has already stripped what would forge an identity.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The absolute URL that the caller used.
    pub url: String,
    /// Names (lower case) and values in order.
    pub headers: Vec<(String, String)>,
    /// The whole body; `None` where there was none.
    pub body: Option<Bytes>,
}

/// One invocation: a request, who it is for, what it is lent and what bounds it.
#[derive(Debug, Clone)]
pub struct Call {
    /// The request.
    pub request: Request,
    /// A JSON object whose members become `ctx.user`, `ctx.caller`, `ctx.app`, `ctx.request` and `ctx.trigger`.
    pub context: String,
    /// What it may use.
    pub grants: Grants,
    /// What it may use up.
    pub limits: Limits,
}
