//! Finds the route of a request: a pure function of method and path over the table.

use http::Method;

use super::RouteId;
use crate::names;
use crate::route::Route;

/// The most segments that a management path has.
const SEGMENTS_MAX: usize = 8;

/// A route, and what its path names. Names are checked for their shape here, for their existence later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The row of the table.
    pub route: RouteId,
    /// The app in the path.
    pub app: Option<String>,
    /// The other names, decoded, in order; of a call, what follows `/fn`, as its caller wrote it.
    pub names: Vec<String>,
}

/// Why a request names nothing in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteError {
    /// No such path.
    NotFound,
    /// The path is there for these methods.
    Method(String),
}

/// Find the route of a request. Pure, total, and linear in the path's length.
///
/// # Errors
/// When no row has this path, or none of those has this method.
pub fn find(method: &Method, path: &str) -> Result<Found, RouteError> {
    if let Some(call) = find_call(path) {
        return Ok(call);
    }
    // Keys have slashes, as many as they like.
    if let Some(app) = s3_app(path) {
        return Ok(Found { route: RouteId::S3, app: Some(app.to_owned()), names: Vec::new() });
    }
    let rest = path.strip_prefix('/').ok_or(RouteError::NotFound)?;
    let mut segments = [""; SEGMENTS_MAX];
    let mut count = 0;
    for segment in rest.split('/') {
        *segments.get_mut(count).ok_or(RouteError::NotFound)? = segment;
        count += 1;
    }
    let segments = &segments[..count];
    // `HEAD` is answered as `GET`; the server leaves the body out.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let mut allow = Vec::new();
    for id in RouteId::ALL {
        let route = id.route();
        let (Some(of), Some(found)) = (&route.method, matched(*id, route, segments)) else { continue };
        if of == method {
            return Ok(found);
        }
        if !allow.contains(&of.as_str()) {
            allow.push(of.as_str());
        }
    }
    if allow.is_empty() { Err(RouteError::NotFound) } else { Err(RouteError::Method(allow.join(", "))) }
}

/// The app whose function a path calls, if it does.
pub fn called_app(path: &str) -> Option<&str> {
    let (app, rest) = path.strip_prefix("/v1/")?.split_once('/')?;
    (rest.starts_with("fn/") && names::is_app_id(app)).then_some(app)
}

/// The app that a path names, if it names one: whether there is such an app is not known here.
pub fn app_of_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/v1/").or_else(|| path.strip_prefix("/mcp/"))?;
    let app = rest.split('/').next()?;
    names::is_app_id(app).then_some(app)
}

/// The app whose S3 endpoint a path is of, if it is.
pub fn s3_app(path: &str) -> Option<&str> {
    let (app, rest) = path.strip_prefix("/v1/")?.split_once('/')?;
    ((rest == "s3" || rest.starts_with("s3/")) && names::is_app_id(app)).then_some(app)
}

/// Looked at first, since almost every request is one.
fn find_call(path: &str) -> Option<Found> {
    let app = called_app(path)?;
    let rest = path.get("/v1/".len() + app.len() + "/fn".len()..)?;
    (rest.len() > 1).then(|| Found {
        route: RouteId::FunctionCall,
        app: Some(app.to_owned()),
        names: vec![rest.to_owned()],
    })
}

fn matched(id: RouteId, route: &Route, segments: &[&str]) -> Option<Found> {
    let mut parts = route.path.split('/').skip(1);
    let mut found = Found { route: id, app: None, names: Vec::new() };
    for segment in segments {
        let part = parts.next()?;
        match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            None if part == *segment => {}
            Some("app") if names::is_app_id(segment) => found.app = Some((*segment).to_owned()),
            Some(kind) if kind != "app" => found.names.push(name_of(kind, segment)?),
            _ => return None,
        }
    }
    parts.next().is_none().then_some(found)
}

/// A name in a path, when it has the shape of its kind.
fn name_of(kind: &str, segment: &str) -> Option<String> {
    match kind {
        "name" => names::is_function_name(segment).then(|| segment.to_owned()),
        "key" => names::is_key_id(segment).then(|| segment.to_owned()),
        "code" => Some(segment.to_owned()),
        // Names of others' making: any text.
        _ => names::decoded(segment).filter(|name| !name.is_empty()),
    }
}
