//! `GET /.well-known/oauth-protected-resource/mcp`: how a client of the protocol shows who it is.

use http::StatusCode;
use mayfly_api::error::ApiResult;
use mayfly_api::mcp::ProtectedResource;
use mayfly_api::scope::Scope;

use crate::Edge;
use crate::reply::{self, Reply};
use crate::services::EdgeServices;

pub(crate) fn get<S: EdgeServices>(edge: &Edge<S>) -> ApiResult<Reply> {
    let base = edge.base.as_str();
    let metadata = ProtectedResource {
        resource: format!("{base}/mcp"),
        resource_name: "Mayfly".to_owned(),
        resource_documentation: format!("{base}/errors/AUTH_REQUIRED"),
        bearer_methods_supported: vec!["header".to_owned()],
        scopes_supported: Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect(),
    };
    reply::of(StatusCode::OK, &metadata)
}
