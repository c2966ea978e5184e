//! Routing: every row of the route table is reached under its method, and nothing else.

use mayfly_api::route::Route;
use mayfly_api::routes::{ROUTES, RouteId};
use serde_json::{Value, json};

use crate::fake::Script;
use crate::node::{APP, Node};

/// A row's path with something in the place of each name.
fn example(path: &str) -> String {
    path.replace("{app}", APP)
        .replace("{name}", "hello")
        .replace("{key}", "key_0123456789")
        .replace("{code}", "FUNCTION_THREW")
        .replace("{kid}", "k1")
        .replace("{table}", "rows")
        .replace("{policy}", "own")
        .replace("{delivery}", "whd_1")
        .replace("{bucket}", "photos")
        .replace("{access_key}", "MFAK1")
        .replace("{upload}", "upl_1")
        .replace("{server}", "library")
        .replace("[/*]", "/sub")
}

/// The smallest body that a row takes.
fn body(id: RouteId) -> Value {
    match id {
        RouteId::AppsCreate => json!({ "name": "shop" }),
        RouteId::TokensMint => json!({ "sub": "alice" }),
        RouteId::ApprovalDecide => json!({ "decision": "deny" }),
        RouteId::AgentPolicySet => json!({ "version": "1", "default": "allow", "tools": {} }),
        RouteId::McpToolsApprove => json!({ "tools": { "find": "0" } }),
        RouteId::SigningKeysImport => json!({ "jwk": {} }),
        RouteId::EnvPatch | RouteId::FunctionEnvPatch => json!({ "envVars": {} }),
        RouteId::SqlRun => json!({ "sql": "select 1" }),
        RouteId::SchemaApply => json!({ "schema": {} }),
        RouteId::SchemaRollback => json!({ "id": 1 }),
        RouteId::RlsIsolate => json!({ "table_name": "rows", "user_column": "owner" }),
        RouteId::PolicyCreate => json!({ "table_name": "rows", "policy_name": "own" }),
        RouteId::RlsEnable | RouteId::RlsExplain | RouteId::PolicyAlter => {
            json!({ "table_name": "rows" })
        }
        RouteId::FunctionsDeploy => json!({ "name": "hello", "code": "x" }),
        RouteId::BucketsCreate => json!({ "name": "photos" }),
        RouteId::StoragePresign => json!({ "bucket": "photos", "key": "a" }),
        RouteId::RunCode => json!({ "code": "return 1" }),
        RouteId::UsageVerify => json!({ "invocation": "inv_1" }),
        _ => json!({}),
    }
}

/// Rows that the edge answers by itself, with what shows that it did.
fn answered_by_the_edge(id: RouteId) -> Option<&'static str> {
    match id {
        RouteId::ErrorPage => Some("FUNCTION_THREW"),
        RouteId::OpenApi => Some("\"openapi\": \"3.1.0\""),
        RouteId::McpServe | RouteId::AppMcpServe => Some("must accept both"),
        RouteId::ApprovalPage | RouteId::ApprovalForm => Some("the link is not good"),
        RouteId::McpMetadata => Some("bearer_methods_supported"),
        // A plain request never gets as far as its use case.
        RouteId::RealtimeOpen => Some("UPGRADE_REQUIRED"),
        _ => None,
    }
}

/// Whether a row's path could be this one.
fn has_path(route: &Route, path: &str) -> bool {
    let (parts, segments): (Vec<_>, Vec<_>) = (route.path.split('/').collect(), path.split('/').collect());
    parts.len() == segments.len()
        && parts.iter().zip(segments).all(|(part, segment)| match *part {
            "{app}" => segment == APP,
            part if part.starts_with('{') => true,
            part => part == segment,
        })
}

#[tokio::test]
async fn every_row_is_reached_under_its_method() {
    let mut node = Node::start(Script::default()).await;
    let mut client = node.client().await;
    for id in RouteId::ALL {
        let route = id.route();
        let (method, path) =
            (route.method.as_ref().map_or("PURGE", |method| method.as_str()), example(route.path));
        let answer = client.ask(method, &path, &[], body(*id).to_string()).await;
        let events = node.events();
        match answered_by_the_edge(*id) {
            Some(text) => {
                assert!(str::from_utf8(&answer.body).unwrap().contains(text), "{path}");
                if answer.status == route.status {
                    assert_eq!(answer.headers["content-type"], route.media_type, "{path}");
                }
            }
            None => {
                let served = format!("serve {id:?}");
                assert_eq!(events.last(), Some(&served), "{method} {path}: {:?}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn another_method_is_405_with_those_that_are_allowed() {
    let mut node = Node::start(Script::default()).await;
    let mut client = node.client().await;
    for id in RouteId::ALL.iter().filter(|id| !matches!(id, RouteId::FunctionCall | RouteId::S3)) {
        let route = id.route();
        let path = example(route.path);
        let mut allowed: Vec<&str> = Vec::new();
        for method in
            ROUTES.iter().filter(|other| has_path(other, &path)).filter_map(|row| row.method.as_ref())
        {
            if !allowed.contains(&method.as_str()) {
                allowed.push(method.as_str());
            }
        }
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"] {
            let of_get = if method == "HEAD" { "GET" } else { method };
            if allowed.contains(&of_get) {
                continue;
            }
            let answer = client.ask(method, &path, &[], "").await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), allowed.join(", "), "{method} {path}");
            assert_eq!(node.events(), [""; 0], "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_is_404() {
    let mut node = Node::start(Script::default()).await;
    for path in
        ["/", "/livez/", "/v1/app_short/functions", "/v1/app_0123456789ab/fn", "/v2/apps", "/errors/NO_CODE"]
    {
        let answer = node.ask("GET", path).await;
        assert_eq!((answer.status.as_u16(), &*answer.code()), (404, "RESOURCE_NOT_FOUND"), "{path}");
    }
    // The one path with the shape of a route was asked for a caller; none was served.
    assert_eq!(node.events(), ["authorize"]);
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let mut node = Node::start(Script::default()).await;
    node.fake.answer(RouteId::AppsList, json!({ "apps": [] }));
    let mut client = node.client().await;
    let get = client.ask("GET", "/v1/apps", &[], "").await;
    assert_eq!(get.json(), json!({ "apps": [] }));
    let head = client.ask("HEAD", "/v1/apps", &[], "").await;
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    assert_eq!(node.events(), ["authorize", "serve AppsList"].repeat(2));
}

#[tokio::test]
async fn a_row_says_the_status_of_its_answer() {
    let node = Node::start(Script::default()).await;
    node.fake.answer(
        RouteId::AppsCreate,
        json!({ "app_id": APP, "name": "shop", "service_key": "s", "anon_key": "a", "api_base": "b" }),
    );
    let answer = node.client().await.ask("POST", "/v1/apps", &[], r#"{"name":"shop"}"#).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.headers["content-type"], "application/json");
}
