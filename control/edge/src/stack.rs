//! THE ordered list of layers. A request passes them from the top down, its answer from the bottom up.
//!
//! Each stage's type proves what was settled before it: without `route` there is no `Routed` to authenticate, without
//! `auth` no `Authed` to admit, without `admit` no `Admitted` to serve.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use bytes::Bytes;
use http::Request;
use http_body::Body;
use tower::layer::layer_fn;
use tower::{Service, ServiceBuilder, service_fn};

use super::Reply;
use super::dispatch::{Edge, dispatch};
use super::layers::access_log::AccessLog;
use super::layers::admit::Admit;
use super::layers::auth::Auth;
use super::layers::body_limit::BodyLimit;
use super::layers::catch_panic::CatchPanic;
use super::layers::cors::Cors;
use super::layers::deadline::Deadline;
use super::layers::load_shed::LoadShed;
use super::layers::request_id::RequestId;
use super::layers::rescue::Rescue;
use super::layers::route::Router;
use super::stage::Admitted;
use crate::settings::{AccessLog as Which, EdgeLimits};

/// What the layers share over all connections.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) edge: Edge,
    pub(super) limits: EdgeLimits,
    pub(super) access_log: Which,
    pub(super) base: Arc<str>,
    pub(super) in_flight: Arc<AtomicU32>,
}

/// The stack for the requests of one connection.
pub(super) fn build<B>(
    shared: &Shared,
    peer: IpAddr,
) -> impl Service<Request<B>, Response = Reply, Error = Infallible, Future: Send> + Clone + Send + use<B>
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let Shared { edge, limits, access_log, base, in_flight } = shared.clone();
    let (authenticator, admission) = (edge.authenticator.clone(), edge.admission.clone());
    let configs = edge.configs.clone();
    ServiceBuilder::new()
        // First, so that everything below can name the request, and last, so that every answer carries the id.
        .layer(layer_fn(move |inner| RequestId::new(inner, peer)))
        // Above the rescue: it logs what was answered, not what was meant.
        .layer(layer_fn(move |inner| AccessLog::new(inner, access_log)))
        // Above the rescue, too: a page has to be able to read its errors.
        .layer(layer_fn(move |inner| Cors::new(inner, configs.clone())))
        // Below here things fail with `ApiError`, above nothing fails.
        .layer(layer_fn(move |inner| Rescue::new(inner, Arc::clone(&base))))
        // Inside the rescue, which turns what it caught into an answer like any other.
        .layer(layer_fn(CatchPanic::new))
        // Before any work, and before a timer is set.
        .layer(layer_fn(move |inner| LoadShed::new(inner, Arc::clone(&in_flight), limits.requests_max)))
        // Around everything that waits.
        .layer(layer_fn(move |inner| Deadline::new(inner, limits.deadline)))
        // Before the route: what is too large for every route needs none.
        .layer(layer_fn(move |inner| {
            BodyLimit::new(inner, limits.upload_bytes_max, limits.body_idle_timeout)
        }))
        // `Arrived` -> `Routed`
        .layer(layer_fn(Router::new))
        // `Routed` -> `Authed`: who may is a matter of the route.
        .layer(layer_fn(move |inner| Auth::new(inner, authenticator.clone())))
        // `Authed` -> `Admitted`: strangers neither have their bodies read nor take room.
        .layer(layer_fn(move |inner| Admit::new(inner, admission.clone(), limits.body_bytes_max)))
        .service(service_fn(move |request: Admitted| dispatch(edge.clone(), request)))
}
