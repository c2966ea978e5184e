//! Config of an http trigger.

use http::Method;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::triggers::{HttpAuth, HttpTriggerConfig, HttpUrl, TriggerKind};
use serde::Serialize;

use crate::functions::PATH_BYTES_MAX;
use crate::triggers::TriggerUnit;

/// The kind.
pub(crate) struct Http;

/// What is kept of a config.
#[derive(Debug, Serialize)]
pub(crate) struct StoredHttpConfig {
    auth: HttpAuth,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<HttpUrl>,
}

impl TriggerUnit for Http {
    const KIND: TriggerKind = TriggerKind::Http;
    const AVAILABLE: bool = true;
    type Config = HttpTriggerConfig;
    type Stored = StoredHttpConfig;

    fn check(config: HttpTriggerConfig, path: &str) -> ApiResult<StoredHttpConfig> {
        let own_path = config.path.as_deref();
        if own_path.is_some_and(|own_path| !is_plain(own_path)) {
            let message = "must begin with / and have only letters, digits and -_.~/ after it";
            return Err(ApiError::invalid(&format!("{path}.path"), message));
        }
        Ok(StoredHttpConfig {
            auth: config.auth.unwrap_or(HttpAuth::Required),
            method: config.method.map(|text| method(&text, &format!("{path}.method"))).transpose()?,
            path: own_path.map(str::to_owned),
            url: config.url.filter(|url| *url != HttpUrl::Whole),
        })
    }
}

fn method(text: &str, path: &str) -> ApiResult<String> {
    let upper = text.to_ascii_uppercase();
    match Method::from_bytes(upper.as_bytes()) {
        Ok(
            Method::GET
            | Method::POST
            | Method::PUT
            | Method::PATCH
            | Method::DELETE
            | Method::HEAD
            | Method::OPTIONS,
        ) => Ok(upper),
        _ => Err(ApiError::invalid(path, "must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS")),
    }
}

/// A path is compared byte for byte with what the caller wrote, so it is held to what every caller writes alike.
fn is_plain(own_path: &str) -> bool {
    own_path.len() > 1
        && own_path.len() <= PATH_BYTES_MAX
        && own_path.starts_with('/')
        && !own_path.contains("//")
        && own_path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b))
        && own_path.split('/').all(|segment| segment != "." && segment != "..")
}
