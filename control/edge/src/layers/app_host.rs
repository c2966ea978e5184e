//! Sends what is asked of an app's host to that app's functions, as if it had been asked by the app's id.
//!
//! Above everything that looks at a path: limits, origins and logs then see the app. Under such a host there is nothing else:
//! every path becomes one below `/v1/{app}/fn`, so that no route of the server's own can be reached by it.

use std::convert::Infallible;
use std::task::{Context, Poll};

use http::header::HOST;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Uri};
use mayfly_api::hosts::HostOwner;
use mayfly_api::names;
use mayfly_api::routes::{self, RouteError};
use tower::Service;

use crate::Reply;
use crate::services::EdgeServices;
use crate::stage::Arrived;

/// The layer's service.
#[derive(Debug, Clone)]
pub(crate) struct RewriteAppHost<S, E> {
    inner: S,
    services: E,
}

impl<S, E> RewriteAppHost<S, E> {
    pub(crate) fn new(inner: S, services: E) -> Self {
        Self { inner, services }
    }
}

/// What its caller has asked for, where that was rewritten. It rides in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) enum AskedUrl {
    /// This path and query, of this server.
    Path(PathAndQuery),
    /// A host that could be an app's, and no app has it.
    Nowhere,
}

impl<S, E, B> Service<Arrived<B>> for RewriteAppHost<S, E>
where
    S: Service<Arrived<B>, Response = Reply, Error = Infallible>,
    E: EdgeServices,
{
    type Response = Reply;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Arrived<B>) -> Self::Future {
        let head = &mut request.head;
        let owner = match host_of(head) {
            Some(host) => self.services.host_owner(&host),
            None => HostOwner::Server,
        };
        match owner {
            HostOwner::Server => {
                if let Some(app) = self.services.home_app().filter(|_| is_of_a_function(head)) {
                    rewrite(head, &app, None);
                }
            }
            HostOwner::App { app, function } => rewrite(head, &app, function.as_deref()),
            HostOwner::Unknown => {
                head.extensions.insert(AskedUrl::Nowhere);
            }
        }
        self.inner.call(request)
    }
}

/// The name in the one `Host` header, in lower case, without a port and a dot at its end.
fn host_of(head: &Parts) -> Option<String> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    if hosts.next().is_some() {
        return None;
    }
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    Some(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
}

/// Whether a path is none of the server's routes and begins with what can be a function's name.
fn is_of_a_function(head: &Parts) -> bool {
    let path = head.uri.path();
    let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_none = |method: &Method| routes::find(method, path) == Err(RouteError::NotFound);
    path.starts_with('/') && names::is_function_name(name) && is_none(&head.method)
}

/// Makes it a call of the app's function. A path that cannot be rewritten leads nowhere.
fn rewrite(head: &mut Parts, app: &str, function: Option<&str>) {
    let asked = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let name = function.map_or(String::new(), |function| format!("/{function}"));
    let slash = if asked.path().starts_with('/') { "" } else { "/" };
    // A function's own root has no slash of its own.
    let rest = if function.is_some() && asked.path() == "/" { &asked.as_str()[1..] } else { asked.as_str() };
    let target = format!("/v1/{app}/fn{name}{slash}{rest}");
    match PathAndQuery::try_from(target) {
        Ok(target) => {
            head.uri = Uri::from(target);
            head.extensions.insert(AskedUrl::Path(asked));
        }
        Err(_) => {
            head.extensions.insert(AskedUrl::Nowhere);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(uri: &str, hosts: &[&str]) -> Parts {
        let mut request = http::Request::builder().uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn one_host_is_read_as_names_are_compared() {
        for (hosts, name) in [
            (&["Shop.Apps.Example"][..], Some("shop.apps.example")),
            (&["shop.apps.example:8080"], Some("shop.apps.example")),
            (&["shop.apps.example.:80"], Some("shop.apps.example")),
            (&["a", "b"], None),
            (&[], None),
        ] {
            assert_eq!(host_of(&head("/", hosts)).as_deref(), name, "{hosts:?}");
        }
    }

    #[test]
    fn every_path_becomes_one_of_a_function() {
        for (uri, function, becomes) in [
            ("/hello/a%20b?c=/d", None, "/v1/app_a/fn/hello/a%20b?c=/d"),
            ("/", None, "/v1/app_a/fn/"),
            ("/v1/apps", None, "/v1/app_a/fn/v1/apps"),
            ("/livez", None, "/v1/app_a/fn/livez"),
            ("//x", None, "/v1/app_a/fn//x"),
            ("*", None, "/v1/app_a/fn/*"),
            ("/", Some("web"), "/v1/app_a/fn/web"),
            ("/?a", Some("web"), "/v1/app_a/fn/web?a"),
            ("/v1/apps?a", Some("web"), "/v1/app_a/fn/web/v1/apps?a"),
            ("//x", Some("web"), "/v1/app_a/fn/web//x"),
            ("http://other.example/v1/apps", None, "/v1/app_a/fn/v1/apps"),
        ] {
            let mut head = head(uri, &["h"]);
            rewrite(&mut head, "app_a", function);
            assert_eq!(head.uri.to_string(), becomes, "{uri}");
        }
    }

    #[test]
    fn what_the_server_has_itself_is_no_function() {
        for (uri, is_function) in [
            ("/hello", true),
            ("/hello/v1", true),
            ("/v1/apps", false),
            ("/livez", false),
            ("/v1/app_0123456789ab/fn/x", false),
            ("/auth/app_0123456789ab/.well-known/jwks.json", false),
            ("/", false),
            ("/a.b", false),
        ] {
            assert_eq!(is_of_a_function(&head(uri, &["h"])), is_function, "{uri}");
        }
        let mut known = head("/v1/apps", &["h"]);
        known.method = Method::PUT;
        assert!(!is_of_a_function(&known), "405 is the server's own answer");
    }
}
