//! Reads the body of an `Authorized` request and takes a permit for what it will run: `Admitted`, or 408, 413, 429, 503.
//!
//! In this order: the body of a request that is refused is not read, and a slow body holds no permit until enough of it
//! is here for a function to begin with.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body;
use mayfly_api::error::ApiError;
use mayfly_api::route::BodyLimit;
use mayfly_api::routes::RouteId;
use mayfly_ledger::Ledger;
use tower::Service;

use crate::body::Bounded;
use crate::reply::{self, Reply};
use crate::services::EdgeServices;
use crate::stage::{
    Access, Admitted, AdmittedCall, Arrived, Authorized, Managed, Routed, StorageRequest, arriving,
};

/// The layer's service.
#[derive(Debug, Clone)]
pub(crate) struct Admit<S, E> {
    inner: S,
    services: E,
    ledger: Ledger,
    large_bytes: usize,
}

impl<S, E> Admit<S, E> {
    pub(crate) fn new(inner: S, services: E, ledger: Ledger, large_bytes: usize) -> Self {
        Self { inner, services, ledger, large_bytes }
    }
}

impl<S, E, B> Service<Authorized<E, Bounded<B>>> for Admit<S, E>
where
    S: Service<Admitted<E>, Response = Reply, Error = ApiError> + Clone + Send + 'static,
    S::Future: Send,
    E: EdgeServices,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, ApiError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Authorized<E, Bounded<B>>) -> Self::Future {
        let (mut inner, services) = (self.inner.clone(), self.services.clone());
        let (ledger, large_bytes) = (self.ledger.clone(), self.large_bytes);
        Box::pin(async move {
            let Authorized { routed: Routed { found, request }, access } = request;
            let Arrived { context, head, body } = request;
            let account = ledger.account(found.app.as_deref().unwrap_or(""));
            // What is over a limit is refused before its body is read, and holds no permit while it is.
            let counted = match &found.app {
                Some(app) if runs_a_function(found.route) => Some(services.count(app).await?),
                _ => None,
            };
            let admitted = match (access, counted) {
                (Access::Call(authorized), Some(counted)) => {
                    let (begun, rest) = body.begin(&account).await?;
                    let permit = services.admit(counted).await?;
                    let body = arriving(begun, rest);
                    Admitted::Call(AdmittedCall { context, head, authorized, permit, body })
                }
                // Who may is in the signature, which stands before the body.
                (Access::Manage(_), None) if found.route == RouteId::S3 => {
                    let (app, body) = (found.app.unwrap_or_default(), body.paced_chunks());
                    Admitted::Storage(Box::new(StorageRequest { context, head, app, body }))
                }
                (Access::Manage(manager), counted) => {
                    let bytes_max = match found.route.route().body_limit {
                        BodyLimit::Small => BodyLimit::SMALL_BYTES.min(large_bytes),
                        BodyLimit::Large | BodyLimit::Streamed => large_bytes,
                    };
                    let body = body.collect(bytes_max, &account).await?;
                    let managed = Managed { context, head, found, manager, body };
                    match counted {
                        Some(counted) => Admitted::Run(managed, services.admit(counted).await?),
                        None => Admitted::Manage(managed),
                    }
                }
                (Access::Call(_), None) => return Err(ApiError::internal("a call names no app")),
            };
            let is_ours = matches!(admitted, Admitted::Manage(_) | Admitted::Run(..));
            let answer = inner.call(admitted).await?;
            // A function's own counts already, since it was made.
            if is_ours { reply::held(answer, &account) } else { Ok(answer) }
        })
    }
}

/// Nothing else needs a sandbox.
fn runs_a_function(route: RouteId) -> bool {
    matches!(
        route,
        RouteId::FunctionCall | RouteId::FunctionsInvoke | RouteId::RunCode | RouteId::UsageVerify
    )
}
