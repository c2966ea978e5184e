//! Leads an admitted request to what serves it. Management routes are boxed, so that a call's future stays small.

use http::HeaderValue;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use mayfly_api::access::Manager;
use mayfly_api::endpoint::{CallContext, RawCall};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::routes::{self, RouteId};

use crate::Edge;
use crate::handlers::{
    app_mcp, approval_page, call, error_page, invoke, log_stream, mcp, mcp_metadata, openapi, ready,
    realtime, run, storage, verify_usage, webhook,
};
use crate::loopback::Loopback;
use crate::policy_gate;
use crate::reply::{self, Reply};
use crate::services::EdgeServices;
use crate::stage::{Admitted, Managed};

/// Serve one admitted request.
pub(crate) async fn dispatch<S: EdgeServices>(
    edge: Edge<S>,
    loopback: Loopback,
    request: Admitted<S>,
) -> ApiResult<Reply> {
    let (trusted, received_at) = (request.is_trusted(), request.context().received_at);
    let result = match request {
        Admitted::Call(request) => call::call(&edge, request).await,
        Admitted::Storage(request) => Box::pin(storage::serve(&edge, *request)).await,
        Admitted::Run(request, permit) => {
            Box::pin(async {
                let gate = policy_gate::admit(&edge, &request).await?;
                gate.settled(&edge, sandboxed(&edge, request, permit).await).await
            })
            .await
        }
        Admitted::Manage(request) => {
            Box::pin(async {
                let gate = policy_gate::admit(&edge, &request).await?;
                gate.settled(&edge, manage(&edge, loopback, request).await).await
            })
            .await
        }
    };
    if !trusted {
        return result;
    }
    let timing = format!("total;dur={:.3}", received_at.elapsed().as_secs_f64() * 1_000.0);
    match result {
        Ok(mut reply) => {
            let value = HeaderValue::from_str(&timing).map_err(ApiError::internal)?;
            reply.headers_mut().append(reply::SERVER_TIMING, value);
            Ok(reply)
        }
        Err(error) => Err(error.for_trusted(timing)),
    }
}

async fn sandboxed<S: EdgeServices>(edge: &Edge<S>, request: Managed, permit: S::Permit) -> ApiResult<Reply> {
    match request.found.route {
        RouteId::FunctionsInvoke => invoke::invoke(edge, request, permit).await,
        RouteId::RunCode => run::run(edge, request, permit).await,
        RouteId::UsageVerify => verify_usage::verify(edge, request, permit).await,
        other => Err(ApiError::internal(format!("{other:?} runs nothing in a sandbox"))),
    }
}

async fn manage<S: EdgeServices>(edge: &Edge<S>, loopback: Loopback, request: Managed) -> ApiResult<Reply> {
    match request.found.route {
        RouteId::Ready => ready::ready(edge).await,
        RouteId::ErrorPage => error_page::get(&request),
        RouteId::ApprovalPage => approval_page::show(edge, request).await,
        RouteId::ApprovalForm => approval_page::decide(edge, request).await,
        RouteId::OpenApi => Ok(openapi::get()),
        RouteId::McpServe => mcp::serve(edge, loopback, request).await,
        RouteId::AppMcpServe => app_mcp::serve(edge, loopback, request).await,
        RouteId::McpMetadata => mcp_metadata::get(edge),
        RouteId::LogsStream => log_stream::stream(edge, &request).await,
        RouteId::WebhookDeliver => webhook::deliver(edge, request).await,
        RouteId::RealtimeOpen => realtime::open(edge, request).await,
        route => {
            let call = RawCall {
                context: CallContext {
                    app: request.found.app.unwrap_or_default(),
                    names: request.found.names,
                    // Open routes look at no manager.
                    manager: request
                        .manager
                        .unwrap_or(Manager::Key { id: String::new(), scopes: Vec::new() }),
                    base: edge.base.as_str().to_owned(),
                },
                query: request.head.uri.query().unwrap_or_default(),
                body: &request.body,
            };
            let answer = routes::dispatch(&edge.services, route, call).await?;
            let mut reply = reply::json(answer.status, answer.body);
            if route == RouteId::Jwks {
                published(&mut reply);
            }
            Ok(reply)
        }
    }
}

/// Public keys are for everyone, pages too; and kept for as long as other servers may go on trusting a removed one.
fn published(reply: &mut Reply) {
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    reply.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}
