//! The S3 endpoint, as the edge asks for it.

use futures_util::StreamExt as _;
use http::Response;
use http::request::Parts;
use http_body_util::BodyExt as _;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_runtime::providers::GuestError;
use mayfly_runtime::{Body, Chunks};
use mayfly_storage::{Bytestream, S3Request, StorageError};

use super::{Storage, prefix};

impl Storage {
    /// Answer a request to an app's endpoint.
    ///
    /// # Errors
    /// Without the app, and while it cannot be looked up; everything else is S3's to say.
    pub async fn serve(&self, app: &str, id: &str, head: Parts, body: Chunks) -> ApiResult<Response<Body>> {
        let found = self.apps.find(app).await?.ok_or_else(|| ApiError::not_found("the app"))?;
        let request = S3Request {
            app: app.to_owned(),
            quota: found.limits.storage,
            prefix: prefix(app),
            head,
            body: incoming(body),
            id: id.to_owned(),
        };
        let (head, body) = self.endpoint.serve(request).await.into_parts();
        let body = match body.bytes() {
            Some(bytes) => Body::Whole(bytes),
            None => Body::Stream(outgoing(body)),
        };
        Ok(Response::from_parts(head, body))
    }
}

/// A body as storage takes it.
pub(crate) fn incoming(body: Chunks) -> Bytestream {
    Box::pin(body.map(|bytes| bytes.map_err(|error| StorageError::Body(error.message))))
}

fn outgoing(
    body: impl http_body::Body<Data = bytes::Bytes, Error: std::fmt::Display + Send> + Send + 'static,
) -> Chunks {
    let frames = body.into_data_stream();
    Chunks::new(
        frames
            .filter(|bytes| std::future::ready(!bytes.as_ref().is_ok_and(bytes::Bytes::is_empty)))
            .map(|bytes| bytes.map_err(|error| GuestError::new("STORAGE_READ_FAILED", error.to_string()))),
    )
}
