//! `fetch` for the tests without the suite's server: serves the checkout's files only.

use std::path::PathBuf;
use std::sync::Arc;

use mayfly_runtime::providers::{BoxFuture, Fetch, FetchRequest, FetchResponse, GuestError};

/// The base URL of the tests.
pub(crate) const ORIGIN: &str = "http://web-platform.test/";

/// Serves checkouts: the first that has a file counts.
pub(crate) struct Files(pub(crate) Vec<PathBuf>);

impl Fetch for Files {
    fn fetch(
        self: Arc<Self>,
        request: FetchRequest,
    ) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        Box::pin(async move {
            let refused = || GuestError::new("FETCH_FAILED", format!("{} is not served here", request.url));
            let path = request.url.strip_prefix(ORIGIN).ok_or_else(refused)?;
            let path = path.split(['?', '#']).next().unwrap_or_default();
            if path.split('/').any(|part| part == "..") {
                return Err(refused());
            }
            let found = self.0.iter().find_map(|root| std::fs::read(root.join(path)).ok());
            let (status, body) = found.map_or((404, b"not found".to_vec()), |body| (200, body));
            let media_type = match path.rsplit('.').next() {
                Some("json") => "application/json",
                Some("html") => "text/html",
                Some("js") => "text/javascript",
                Some("txt") => "text/plain",
                _ => "application/octet-stream",
            };
            Ok(FetchResponse {
                status,
                status_text: String::new(),
                url: request.url.clone(),
                redirected: false,
                headers: vec![
                    ("content-type".to_owned(), media_type.to_owned()),
                    ("content-length".to_owned(), body.len().to_string()),
                ],
                body: body.into(),
            })
        })
    }
}
