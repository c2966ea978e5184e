//! Policies before the routes behind tools, where one asks for that: a request counts as a call of the route's tool.

use mayfly_api::decode::{apart, check_values};
use mayfly_api::error::ApiResult;
use mayfly_mcp::call_of_route;

use crate::Edge;
use crate::loopback::OurOwn;
use crate::reply::Reply;
use crate::services::{EdgeServices, ToolCall, ToolEnd};
use crate::stage::Managed;

/// A request that may be served.
pub(crate) struct RouteGate {
    /// Its number in the audit log, where a policy binds it.
    number: Option<i64>,
}

/// Let a request through, or not.
pub(crate) async fn admit<S: EdgeServices>(edge: &Edge<S>, request: &Managed) -> ApiResult<RouteGate> {
    let free = RouteGate { number: None };
    // What a tool asks for has passed already.
    if request.found.route.route().tool.is_none() || request.head.extensions.get::<OurOwn>().is_some() {
        return Ok(free);
    }
    let app = request.found.app.as_deref();
    if !edge.services.binds_routes(app).await? {
        return Ok(free);
    }
    let query = request.head.uri.query().unwrap_or_default();
    let read = || check_values(&request.body).map(|()| call_of_route(&request.found, query, &request.body));
    let Some((tool, arguments)) = apart(app.unwrap_or(""), request.body.len(), read).await?? else {
        return Ok(free);
    };
    let call = ToolCall {
        manager: request.manager.clone(),
        session: None,
        app: request.found.app.clone(),
        tool: tool.to_owned(),
        arguments,
        request_id: request.context.id.clone(),
    };
    Ok(RouteGate { number: edge.services.admit_route(call).await? })
}

impl RouteGate {
    /// Write down how the request ended.
    pub(crate) async fn settled<S: EdgeServices>(
        self,
        edge: &Edge<S>,
        result: ApiResult<Reply>,
    ) -> ApiResult<Reply> {
        if let Some(number) = self.number {
            let invocation = match &result {
                Ok(reply) => reply.headers().get("x-invocation-id").and_then(|id| id.to_str().ok()),
                Err(error) => error.invocation_id(),
            };
            let end = ToolEnd {
                error_code: result.as_ref().err().map(|error| error.code().as_str().to_owned()),
                invocation_id: invocation.map(str::to_owned),
            };
            edge.services.settle_tool(number, end).await;
        }
        result
    }
}
