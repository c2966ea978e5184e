//! The closed list of what the server does, and the pure function that finds an entry in it.

use std::borrow::Cow;

use http::Method;

use crate::names;

mod schema;
mod table;

pub use schema::SchemaRoute;

#[cfg(test)]
pub(crate) use table::TABLE;

/// Everything the server does. What a path names is checked for its shape here, for its existence later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `GET /livez`
    Live,
    /// `GET /readyz`
    Ready,
    /// `GET /errors/{code}`
    ErrorPage { code: String },
    /// `GET /v1/apps`
    ListApps,
    /// `POST /v1/apps`
    CreateApp,
    /// `GET /v1/apps/{app}`
    GetApp { app: String },
    /// `DELETE /v1/apps/{app}`
    DeleteApp { app: String },
    /// `GET /auth/{app}/.well-known/jwks.json`
    Jwks { app: String },
    /// `GET /v1/{app}/config`
    GetConfig { app: String },
    /// `PATCH /v1/{app}/config`
    ConfigureApp { app: String },
    /// `GET /v1/{app}/keys`
    ListKeys { app: String },
    /// `POST /v1/{app}/keys`
    CreateKey { app: String },
    /// `DELETE /v1/{app}/keys/{key}`
    RevokeKey { app: String, key: String },
    /// `POST /v1/{app}/auth/tokens`
    MintToken { app: String },
    /// `GET /v1/{app}/auth/keys`
    ListSigningKeys { app: String },
    /// `POST /v1/{app}/auth/keys`
    ImportSigningKey { app: String },
    /// `POST /v1/{app}/auth/keys/rotate`
    RotateSigningKey { app: String },
    /// `DELETE /v1/{app}/auth/keys/{kid}`
    RemoveSigningKey { app: String, kid: String },
    /// `GET /v1/{app}/env`
    GetAppEnv { app: String },
    /// `PATCH /v1/{app}/env`
    PatchAppEnv { app: String },
    /// `POST /v1/{app}/sql`
    RunSql { app: String },
    /// `/v1/{app}/schema...`, `/v1/{app}/migrations`, `/v1/{app}/rls...`
    Schema { app: String, action: SchemaRoute },
    /// `GET /v1/{app}/functions`
    ListFunctions { app: String },
    /// `POST /v1/{app}/functions`
    Deploy { app: String },
    /// `GET /v1/{app}/functions/{name}`
    GetFunction { app: String, name: String },
    /// `DELETE /v1/{app}/functions/{name}`
    DeleteFunction { app: String, name: String },
    /// `PATCH /v1/{app}/functions/{name}/env`
    PatchFunctionEnv { app: String, name: String },
    /// `PATCH /v1/{app}/functions/{name}/settings`
    PatchFunctionSettings { app: String, name: String },
    /// `GET /v1/{app}/functions/{name}/versions`
    ListVersions { app: String, name: String },
    /// `POST /v1/{app}/functions/{name}/rollback`
    Rollback { app: String, name: String },
    /// `POST /v1/{app}/functions/{name}/invoke`
    Invoke { app: String, name: String },
    /// `GET /v1/{app}/functions/{name}/logs`
    Logs { app: String, name: String },
    /// `GET /v1/{app}/functions/{name}/logs/stream`
    LogStream { app: String, name: String },
    /// `GET /v1/{app}/usage`
    Usage { app: String },
    /// `POST /v1/{app}/usage/verify`
    VerifyUsage { app: String },
    /// `ANY /v1/{app}/fn/{name}[/*]`, and `ANY /v1/{app}/fn{path}` of a trigger's own path
    Call {
        /// The app.
        app: String,
        /// What follows `/fn`, with its slash, as the caller wrote it.
        path: String,
    },
}

/// Why a request names nothing in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteError {
    /// No such path.
    NotFound,
    /// The path is there for these methods.
    Method(Cow<'static, str>),
}

/// The most segments that a management path has, and one more to see that there are too many.
const SEGMENTS_MAX: usize = 6;

impl Route {
    /// Find the route of a request. Pure, total, and never slower than the path is long.
    pub fn parse(method: &Method, path: &str) -> Result<Self, RouteError> {
        let rest = path.strip_prefix('/').ok_or(RouteError::NotFound)?;
        if let Some(call) = parse_call(rest) {
            return Ok(call);
        }
        let mut segments = [""; SEGMENTS_MAX];
        let mut count = 0;
        for segment in rest.split('/') {
            *segments.get_mut(count).ok_or(RouteError::NotFound)? = segment;
            count += 1;
        }
        match &segments[..count] {
            ["livez"] => by_method(method, "GET", |m| (m == Method::GET).then_some(Self::Live)),
            ["readyz"] => by_method(method, "GET", |m| (m == Method::GET).then_some(Self::Ready)),
            ["errors", code] => by_method(method, "GET", |m| {
                (m == Method::GET).then(|| Self::ErrorPage { code: (*code).to_owned() })
            }),
            ["auth", app, ".well-known", "jwks.json"] if names::is_app_id(app) => {
                by_method(method, "GET", |m| {
                    (m == Method::GET).then(|| Self::Jwks { app: (*app).to_owned() })
                })
            }
            ["v1", "apps", rest @ ..] => parse_apps(method, rest),
            ["v1", app, rest @ ..] if names::is_app_id(app) => parse_app(method, app, rest),
            _ => Err(RouteError::NotFound),
        }
    }

    /// The app that the path names, if it names one.
    pub fn app(&self) -> Option<&str> {
        match self {
            Self::Live | Self::Ready | Self::ErrorPage { .. } | Self::ListApps | Self::CreateApp => None,
            Self::GetApp { app }
            | Self::DeleteApp { app }
            | Self::ConfigureApp { app }
            | Self::Jwks { app }
            | Self::GetConfig { app }
            | Self::MintToken { app }
            | Self::ListSigningKeys { app }
            | Self::ImportSigningKey { app }
            | Self::RotateSigningKey { app }
            | Self::RemoveSigningKey { app, .. }
            | Self::ListKeys { app }
            | Self::CreateKey { app }
            | Self::RevokeKey { app, .. }
            | Self::GetAppEnv { app }
            | Self::PatchAppEnv { app }
            | Self::RunSql { app }
            | Self::Schema { app, .. }
            | Self::ListFunctions { app }
            | Self::Deploy { app }
            | Self::GetFunction { app, .. }
            | Self::DeleteFunction { app, .. }
            | Self::PatchFunctionEnv { app, .. }
            | Self::PatchFunctionSettings { app, .. }
            | Self::ListVersions { app, .. }
            | Self::Rollback { app, .. }
            | Self::Invoke { app, .. }
            | Self::Logs { app, .. }
            | Self::LogStream { app, .. }
            | Self::Usage { app }
            | Self::VerifyUsage { app }
            | Self::Call { app, .. } => Some(app),
        }
    }
}

/// The app whose function a path calls, if it does.
pub fn called_app(path: &str) -> Option<&str> {
    let (app, rest) = path.strip_prefix("/v1/")?.split_once('/')?;
    (rest.starts_with("fn/") && names::is_app_id(app)).then_some(app)
}

/// `v1/{app}/fn/...`: looked at first, since almost every request is one.
fn parse_call(rest: &str) -> Option<Route> {
    let (app, rest) = rest.strip_prefix("v1/")?.split_once('/')?;
    let path = rest.strip_prefix("fn")?;
    (path.len() > 1 && path.starts_with('/') && names::is_app_id(app))
        .then(|| Route::Call { app: app.to_owned(), path: path.to_owned() })
}

fn parse_apps(method: &Method, rest: &[&str]) -> Result<Route, RouteError> {
    match rest {
        [] => by_method(method, "GET, POST", |m| match *m {
            Method::GET => Some(Route::ListApps),
            Method::POST => Some(Route::CreateApp),
            _ => None,
        }),
        [app] if names::is_app_id(app) => by_method(method, "GET, DELETE", |m| match *m {
            Method::GET => Some(Route::GetApp { app: (*app).to_owned() }),
            Method::DELETE => Some(Route::DeleteApp { app: (*app).to_owned() }),
            _ => None,
        }),
        _ => Err(RouteError::NotFound),
    }
}

fn parse_app(method: &Method, app: &str, rest: &[&str]) -> Result<Route, RouteError> {
    let app = app.to_owned();
    match rest {
        ["config"] => by_method(method, "GET, PATCH", |m| match *m {
            Method::GET => Some(Route::GetConfig { app }),
            Method::PATCH => Some(Route::ConfigureApp { app }),
            _ => None,
        }),
        ["auth", rest @ ..] => parse_auth(method, app, rest),
        ["keys"] => by_method(method, "GET, POST", |m| match *m {
            Method::GET => Some(Route::ListKeys { app }),
            Method::POST => Some(Route::CreateKey { app }),
            _ => None,
        }),
        ["keys", key] if names::is_key_id(key) => by_method(method, "DELETE", |m| {
            (m == Method::DELETE).then(|| Route::RevokeKey { app, key: (*key).to_owned() })
        }),
        ["env"] => by_method(method, "GET, PATCH", |m| match *m {
            Method::GET => Some(Route::GetAppEnv { app }),
            Method::PATCH => Some(Route::PatchAppEnv { app }),
            _ => None,
        }),
        ["schema" | "migrations" | "rls", ..] => schema::parse(method, app, rest),
        ["sql"] => by_method(method, "POST", |m| (m == Method::POST).then_some(Route::RunSql { app })),
        ["usage"] => by_method(method, "GET", |m| (m == Method::GET).then_some(Route::Usage { app })),
        ["usage", "verify"] => {
            by_method(method, "POST", |m| (m == Method::POST).then_some(Route::VerifyUsage { app }))
        }
        ["functions"] => by_method(method, "GET, POST", |m| match *m {
            Method::GET => Some(Route::ListFunctions { app }),
            Method::POST => Some(Route::Deploy { app }),
            _ => None,
        }),
        ["functions", name, rest @ ..] if names::is_function_name(name) => {
            parse_function(method, app, (*name).to_owned(), rest)
        }
        _ => Err(RouteError::NotFound),
    }
}

fn parse_auth(method: &Method, app: String, rest: &[&str]) -> Result<Route, RouteError> {
    match rest {
        ["tokens"] => by_method(method, "POST", |m| (m == Method::POST).then_some(Route::MintToken { app })),
        ["keys"] => by_method(method, "GET, POST", |m| match *m {
            Method::GET => Some(Route::ListSigningKeys { app }),
            Method::POST => Some(Route::ImportSigningKey { app }),
            _ => None,
        }),
        ["keys", "rotate"] => {
            by_method(method, "POST", |m| (m == Method::POST).then_some(Route::RotateSigningKey { app }))
        }
        ["keys", kid] if !kid.is_empty() => by_method(method, "DELETE", |m| {
            (m == Method::DELETE).then(|| Route::RemoveSigningKey { app, kid: names::decoded(kid) })
        }),
        _ => Err(RouteError::NotFound),
    }
}

fn parse_function(method: &Method, app: String, name: String, rest: &[&str]) -> Result<Route, RouteError> {
    match rest {
        [] => by_method(method, "GET, DELETE", |m| match *m {
            Method::GET => Some(Route::GetFunction { app, name }),
            Method::DELETE => Some(Route::DeleteFunction { app, name }),
            _ => None,
        }),
        ["env"] => by_method(method, "PATCH", |m| {
            (m == Method::PATCH).then_some(Route::PatchFunctionEnv { app, name })
        }),
        ["settings"] => by_method(method, "PATCH", |m| {
            (m == Method::PATCH).then_some(Route::PatchFunctionSettings { app, name })
        }),
        ["versions"] => {
            by_method(method, "GET", |m| (m == Method::GET).then_some(Route::ListVersions { app, name }))
        }
        ["rollback"] => {
            by_method(method, "POST", |m| (m == Method::POST).then_some(Route::Rollback { app, name }))
        }
        ["invoke"] => {
            by_method(method, "POST", |m| (m == Method::POST).then_some(Route::Invoke { app, name }))
        }
        ["logs"] => by_method(method, "GET", |m| (m == Method::GET).then_some(Route::Logs { app, name })),
        ["logs", "stream"] => {
            by_method(method, "GET", |m| (m == Method::GET).then_some(Route::LogStream { app, name }))
        }
        _ => Err(RouteError::NotFound),
    }
}

/// `HEAD` is answered as `GET`; the server leaves the body out.
fn by_method(
    method: &Method,
    allow: &'static str,
    choose: impl FnOnce(&Method) -> Option<Route>,
) -> Result<Route, RouteError> {
    let asked = if method == Method::HEAD { &Method::GET } else { method };
    choose(asked).ok_or(RouteError::Method(Cow::Borrowed(allow)))
}

#[cfg(test)]
mod tests;
