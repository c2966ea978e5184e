//! THE ordered list of layers. A request passes them from the top down, its answer from the bottom up.
//!
//! Each stage's type proves what came before it: without `route` there is no `Routed` to resolve, without `resolve` no
//! `Resolved` to authorize, without `auth` no `Authorized` to admit, without `admit` no `Admitted` to serve.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body::Body;
use http_body_util::Full;
use mayfly_ledger::Ledger;
use tower::layer::layer_fn;
use tower::{Service, ServiceBuilder, ServiceExt as _, service_fn};

use super::layers::access_log::LogAccess;
use super::layers::admit::Admit;
use super::layers::app_host::RewriteAppHost;
use super::layers::auth::Auth;
use super::layers::body_limit::LimitBody;
use super::layers::catch_panic::CatchPanic;
use super::layers::cors::Cors;
use super::layers::cors_lookup::CorsLookup;
use super::layers::deadline::EnforceDeadline;
use super::layers::load_shed::LoadShed;
use super::layers::request_id::RequestId;
use super::layers::rescue::Rescue;
use super::layers::resolve::Resolve;
use super::layers::route::Router;
use super::services::EdgeServices;
use super::stage::Admitted;
use super::{Edge, Reply};
use crate::dispatch::dispatch;
use crate::loopback::{Answering, Loopback, OwnRequest};
use crate::settings::{AccessLog, EdgeLimits};
use crate::trusted_proxies::TrustedProxies;

/// What the layers share over all connections.
#[derive(Debug, Clone)]
pub(super) struct Shared<E> {
    pub(super) edge: Edge<E>,
    pub(super) limits: EdgeLimits,
    pub(super) access_log: AccessLog,
    pub(super) base: Arc<str>,
    /// Who is believed about whom a request comes from.
    pub(super) proxies: TrustedProxies,
    /// Requests that are being worked on, by app.
    pub(super) requests: Ledger,
    /// Bytes that are held, by app.
    pub(super) ledger: Ledger,
}

/// The stack for the requests of one connection.
pub(super) fn build<E, B>(
    shared: &Shared<E>,
    peer: IpAddr,
) -> impl Service<Request<B>, Response = Reply, Error = Infallible, Future: Send> + Clone + Send + use<E, B>
where
    E: EdgeServices,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let asked_again = shared.clone();
    let loopback = Loopback::new(move |request| ask(&asked_again, request));
    let Shared { edge, limits, access_log, base, proxies, requests, ledger } = shared.clone();
    let services = || edge.services.clone();
    let (finding, marking, lookup, resolving) = (services(), services(), services(), services());
    let (authorizing, admitting) = (services(), services());
    ServiceBuilder::new()
        // First, so that everything below can name the request, and last, so that every answer carries the id.
        .layer(layer_fn(move |inner| RequestId::new(inner, peer, proxies.clone())))
        // Before whatever looks at a path: what is asked of an app's host becomes a call of its function.
        .layer(layer_fn(move |inner| RewriteAppHost::new(inner, finding.clone())))
        // Above the rescue: it logs what was answered, not what was meant.
        .layer(layer_fn(move |inner| LogAccess::new(inner, access_log)))
        // Above the rescue, too: a page has to be able to read its errors. It asks nothing that waits.
        .layer(layer_fn(move |inner| Cors::new(inner, marking.clone())))
        // Below here things fail with `ApiError`, above nothing fails.
        .layer(layer_fn(move |inner| Rescue::new(inner, Arc::clone(&base))))
        // Inside the rescue, which turns what it caught into an answer like any other.
        .layer(layer_fn(CatchPanic::new))
        // Before any work, and before a timer is set.
        .layer(layer_fn(move |inner| LoadShed::new(inner, requests.clone())))
        // Around everything that waits.
        .layer(layer_fn(move |inner| EnforceDeadline::new(inner, limits.deadline)))
        // The first that may ask the store; before the body, which a preflight does not have.
        .layer(layer_fn(move |inner| CorsLookup::new(inner, lookup.clone())))
        // Before the route: what is too large for every route needs none.
        .layer(layer_fn(move |inner| {
            LimitBody::new(inner, limits.upload_bytes_max, limits.body_idle_timeout)
        }))
        // `Arrived` -> `Routed`
        .layer(layer_fn(Router::new))
        // `Routed` -> `Resolved`: which function a call reaches; its trigger says who may.
        .layer(layer_fn(move |inner| Resolve::new(inner, resolving.clone())))
        // `Resolved` -> `Authorized`
        .layer(layer_fn(move |inner| Auth::new(inner, authorizing.clone())))
        // `Authorized` -> `Admitted`: who may not has no body read and takes no permit.
        .layer(layer_fn(move |inner| {
            Admit::new(inner, admitting.clone(), ledger.clone(), limits.body_bytes_max)
        }))
        .service(service_fn(move |request: Admitted<E>| dispatch(edge.clone(), loopback.clone(), request)))
}

/// A request of our own, in the name of a caller: through all layers, as if it had come from outside.
fn ask<E: EdgeServices>(shared: &Shared<E>, request: OwnRequest) -> Answering {
    let OwnRequest { peer, request } = request;
    // It has no proxy of its own.
    let shared = Shared { proxies: TrustedProxies::default(), ..shared.clone() };
    let stack = build::<E, Full<Bytes>>(&shared, peer);
    Box::pin(async move {
        let Ok(reply) = stack.oneshot(request).await;
        reply
    })
}
