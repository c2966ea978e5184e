//! An endpoint: one route with typed request and answer, and the trait of what serves it.

use std::future::Future;

use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::Manager;
use crate::decode;
use crate::error::{ApiError, ApiResult};
use crate::route::Route;

/// A route whose request and answer are JSON.
pub trait Endpoint: Send + Sync + 'static {
    /// Its query string.
    type Query: DeserializeOwned + Serialize + JsonSchema + Send;
    /// Its body.
    type Body: RequestBody + Send;
    /// Its answer.
    type Answer: Serialize + DeserializeOwned + JsonSchema + Send;

    /// Its row in the route table.
    fn route() -> &'static Route;
}

/// Serves an endpoint.
pub trait Handler<E: Endpoint>: Send + Sync {
    /// Serve one request, which is authorized and decoded.
    fn handle(&self, call: ApiCall<E>) -> impl Future<Output = ApiResult<E::Answer>> + Send;
}

/// A request for an endpoint, decoded.
#[derive(Debug)]
pub struct ApiCall<E: Endpoint> {
    /// What is known of every request.
    pub context: CallContext,
    /// The query string.
    pub query: E::Query,
    /// The body.
    pub body: E::Body,
}

/// What is known of a request beside its query and body.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The app in the path; empty where there is none.
    pub app: String,
    /// The other names in the path, decoded, in order.
    pub names: Vec<String>,
    /// Who manages the app; the operator where no app is in the path.
    pub manager: Manager,
    /// The address that callers use, without a slash at its end.
    pub base: String,
}

impl CallContext {
    /// The first name in the path beside the app; the route table says that it is there.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// The URL that an app's routes begin with.
    pub fn api_base(&self, app: &str) -> String {
        format!("{}/v1/{app}", self.base)
    }
}

/// A request for an endpoint, not decoded yet.
#[derive(Debug)]
pub struct RawCall<'a> {
    /// What is known of every request.
    pub context: CallContext,
    /// The query string, as it was sent.
    pub query: &'a str,
    /// The body, as it was sent.
    pub body: &'a [u8],
}

/// An answer as it is sent.
#[derive(Debug)]
pub struct Encoded {
    /// Its status.
    pub status: StatusCode,
    /// JSON.
    pub body: Vec<u8>,
}

/// Decode, serve, encode.
///
/// # Errors
/// What the request or the handler is wrong with.
pub async fn serve<E: Endpoint, H: Handler<E>>(handler: &H, raw: RawCall<'_>) -> ApiResult<Encoded> {
    let query = decode::query(raw.query)?;
    let body = decode::apart(&raw.context.app, raw.body.len(), || E::Body::decode(raw.body)).await??;
    let answer = handler.handle(ApiCall { context: raw.context, query, body }).await?;
    let body = serde_json::to_vec(&answer).map_err(ApiError::internal)?;
    Ok(Encoded { status: E::route().status, body })
}

/// How a request carries its body.
pub trait RequestBody: Sized {
    /// Read it.
    ///
    /// # Errors
    /// `VALIDATION_INVALID_SCHEMA` with the path of the mistake.
    fn decode(bytes: &[u8]) -> ApiResult<Self>;

    /// Write it, for a client.
    ///
    /// # Errors
    /// When a value cannot be written as JSON.
    fn encode(&self) -> Result<Option<Vec<u8>>, serde_json::Error>;

    /// Its schema, and whether it is required; `None`: there is no body.
    fn schema(generator: &mut SchemaGenerator) -> Option<(Schema, bool)>;
}

/// No body; one that is sent is not looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EmptyBody;

/// A body that has to be there.
#[derive(Debug, Clone, PartialEq)]
pub struct Json<T>(pub T);

/// A body that may be left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OptionalJson<T>(pub T);

impl RequestBody for EmptyBody {
    fn decode(_: &[u8]) -> ApiResult<Self> {
        Ok(Self)
    }

    fn encode(&self) -> Result<Option<Vec<u8>>, serde_json::Error> {
        Ok(None)
    }

    fn schema(_: &mut SchemaGenerator) -> Option<(Schema, bool)> {
        None
    }
}

impl<T: DeserializeOwned + Serialize + JsonSchema> RequestBody for Json<T> {
    fn decode(bytes: &[u8]) -> ApiResult<Self> {
        decode::body(bytes).map(Self)
    }

    fn encode(&self) -> Result<Option<Vec<u8>>, serde_json::Error> {
        serde_json::to_vec(&self.0).map(Some)
    }

    fn schema(generator: &mut SchemaGenerator) -> Option<(Schema, bool)> {
        Some((generator.subschema_for::<T>(), true))
    }
}

impl<T: DeserializeOwned + Serialize + JsonSchema + Default> RequestBody for OptionalJson<T> {
    fn decode(bytes: &[u8]) -> ApiResult<Self> {
        if bytes.is_empty() { Ok(Self::default()) } else { decode::body(bytes).map(Self) }
    }

    fn encode(&self) -> Result<Option<Vec<u8>>, serde_json::Error> {
        serde_json::to_vec(&self.0).map(Some)
    }

    fn schema(generator: &mut SchemaGenerator) -> Option<(Schema, bool)> {
        Some((generator.subschema_for::<T>(), false))
    }
}
