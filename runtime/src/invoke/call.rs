//! What goes into an invocation.

use crate::body::Body;
use crate::hangup::Hangup;
use crate::limits::Limits;
use crate::providers::Grants;

/// An HTTP request, as the function sees it. Whoever calls has already stripped what would forge an identity.
#[derive(Debug, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The absolute URL that the caller used.
    pub url: String,
    /// Names (lower case) and values in order.
    pub headers: Vec<(String, String)>,
    /// The body; `None` where there was none.
    pub body: Option<Body>,
}

/// One invocation: a request, who it is for, what it is lent and what bounds it.
#[derive(Debug, Default)]
pub struct Call {
    /// The request.
    pub request: Request,
    /// A JSON object whose members become `ctx.user`, `ctx.caller`, `ctx.app`, `ctx.request` and `ctx.trigger`.
    pub context: String,
    /// What it may use.
    pub grants: Grants,
    /// What it may use up.
    pub limits: Limits,
    /// How it learns that the caller has gone away.
    pub hangup: Hangup,
}
