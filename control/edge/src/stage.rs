//! What each stage of a request has settled. A later stage cannot be made without passing the one before.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::request::Parts;
use mayfly_runtime::{Body, Chunks};

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::route::Route;
use mayfly_core::admission::Room;
use mayfly_core::auth::{Access, CallAccess, Manager};

/// A request with its id, as the outer layers see it.
pub(crate) struct Arrived<B> {
    /// Accepted from the caller or made.
    pub(super) id: Arc<str>,
    /// Where the connection comes from.
    pub(super) peer: IpAddr,
    /// When its head had arrived.
    pub(super) at: Instant,
    /// Everything but the body.
    pub(super) head: Parts,
    /// The body, unread.
    pub(super) body: B,
}

impl<B> Arrived<B> {
    /// The same request with its body wrapped.
    pub(super) fn map_body<C>(self, wrap: impl FnOnce(B) -> C) -> Arrived<C> {
        Arrived { id: self.id, peer: self.peer, at: self.at, head: self.head, body: wrap(self.body) }
    }
}

/// A request for something that the server does.
pub(crate) struct Routed<B> {
    route: Route,
    request: Arrived<B>,
}

impl<B> Routed<B> {
    /// For `layers/route.rs` alone.
    pub(super) fn new(route: Route, request: Arrived<B>) -> Self {
        Self { route, request }
    }

    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    pub(crate) fn head(&self) -> &Parts {
        &self.request.head
    }

    /// For `layers/auth.rs` alone.
    pub(super) fn authed(self, access: Access) -> Authed<B> {
        Authed { routed: self, access }
    }
}

/// A request by someone who may make it.
pub(crate) struct Authed<B> {
    routed: Routed<B>,
    access: Access,
}

impl<B> Authed<B> {
    pub(crate) fn route(&self) -> &Route {
        &self.routed.route
    }

    /// Take the body out, to read it. For `layers/admit.rs` alone.
    pub(super) fn split(self) -> (Authed<()>, B) {
        let Arrived { id, peer, at, head, body } = self.routed.request;
        let request = Arrived { id, peer, at, head, body: () };
        (Authed { routed: Routed { route: self.routed.route, request }, access: self.access }, body)
    }
}

impl Authed<()> {
    /// For `layers/admit.rs` alone.
    pub(super) fn admitted(self, body: Bytes, rest: Option<Chunks>, room: Option<Room>) -> Admitted {
        let Self { routed: Routed { route, request }, access } = self;
        let Arrived { id, peer, at, head, body: () } = request;
        Admitted { route, access, id, peer, at, head, body, rest, room }
    }
}

/// A request whose body is here and for which there is room: what handlers get.
pub(crate) struct Admitted {
    pub(super) route: Route,
    pub(super) access: Access,
    pub(super) id: Arc<str>,
    pub(super) peer: IpAddr,
    pub(super) at: Instant,
    pub(super) head: Parts,
    pub(super) body: Bytes,
    /// What follows, when a function is to get it while it arrives.
    pub(super) rest: Option<Chunks>,
    /// Room for one sandbox, for the routes that run a function.
    pub(super) room: Option<Room>,
}

/// A call, taken apart.
pub(super) struct CallRequest {
    pub(super) access: CallAccess,
    pub(super) room: Room,
    pub(super) id: Arc<str>,
    pub(super) peer: IpAddr,
    pub(super) head: Parts,
    pub(super) body: Option<Body>,
}

/// A test call, taken apart.
pub(super) struct InvokeRequest {
    pub(super) app: String,
    pub(super) name: String,
    pub(super) manager: Manager,
    pub(super) room: Room,
    pub(super) id: Arc<str>,
    pub(super) peer: IpAddr,
    pub(super) head: Parts,
    pub(super) body: Bytes,
}

/// A request that runs something for an app, taken apart.
pub(super) struct RoomRequest {
    pub(super) app: String,
    pub(super) room: Room,
    pub(super) body: Bytes,
}

impl Admitted {
    /// Who manages the app.
    pub(super) fn manager(&self) -> ApiResult<&Manager> {
        match &self.access {
            Access::App(manager) => Ok(manager),
            Access::Open | Access::Admin | Access::Call(_) => Err(mismatch()),
        }
    }

    pub(super) fn into_call(self) -> ApiResult<CallRequest> {
        match (self.access, self.room) {
            (Access::Call(access), Some(room)) => Ok(CallRequest {
                access: *access,
                room,
                id: self.id,
                peer: self.peer,
                head: self.head,
                body: whole_or_arriving(self.body, self.rest),
            }),
            _ => Err(mismatch()),
        }
    }

    pub(super) fn into_room(self) -> ApiResult<RoomRequest> {
        match (self.room, self.route.app()) {
            (Some(room), Some(app)) => Ok(RoomRequest { app: app.to_owned(), room, body: self.body }),
            _ => Err(mismatch()),
        }
    }

    pub(super) fn into_invoke(self) -> ApiResult<InvokeRequest> {
        match (self.access, self.room, self.route) {
            (Access::App(manager), Some(room), Route::Invoke { app, name }) => Ok(InvokeRequest {
                app,
                name,
                manager,
                room,
                id: self.id,
                peer: self.peer,
                head: self.head,
                body: self.body,
            }),
            _ => Err(mismatch()),
        }
    }
}

fn whole_or_arriving(body: Bytes, rest: Option<Chunks>) -> Option<Body> {
    match rest {
        Some(rest) if body.is_empty() => Some(Body::Stream(rest)),
        Some(rest) => Some(Body::Stream(Chunks::new(stream::iter([Ok(body)]).chain(rest)))),
        None => (!body.is_empty()).then(|| body.into()),
    }
}

/// The policy and the dispatch disagree about a route.
fn mismatch() -> ApiError {
    ApiError::internal("a route was served by a handler that asks for more than its policy grants")
}
