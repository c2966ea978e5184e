//! Config of an upload trigger.

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::triggers::{S3UploadTriggerConfig, TriggerKind};
use mayfly_storage::check_bucket;
use serde_json::Value;

use crate::triggers::TriggerUnit;

/// Characters of a content type.
const TYPE_CHARS_MAX: usize = 255;

/// The kind.
pub(crate) struct S3Upload;

impl TriggerUnit for S3Upload {
    const KIND: TriggerKind = TriggerKind::S3Upload;
    const AVAILABLE: bool = true;
    type Config = S3UploadTriggerConfig;
    type Stored = S3UploadTriggerConfig;

    fn check(mut config: S3UploadTriggerConfig, path: &str) -> ApiResult<S3UploadTriggerConfig> {
        check_bucket(&config.bucket)
            .map_err(|error| ApiError::invalid(&format!("{path}.bucket"), error.to_string()))?;
        if config.prefix.as_ref().is_some_and(|prefix| prefix.contains(char::is_control)) {
            return Err(ApiError::invalid(&format!("{path}.prefix"), "has no control characters"));
        }
        if let Some(types) = &config.content_types {
            let mut checked = Vec::new();
            for (place, kind) in types.iter().enumerate() {
                let kind = kind.as_str().and_then(content_type).ok_or_else(|| {
                    let message = "must be a content type such as `image/png` or `image/*`";
                    ApiError::invalid(&format!("{path}.contentTypes[{place}]"), message)
                })?;
                checked.push(Value::String(kind));
            }
            config.content_types = serde_json::from_value(checked.into()).map_err(ApiError::internal)?;
        }
        Ok(config)
    }
}

/// A type and a subtype, either of them a star, in lower case; without parameters.
fn content_type(text: &str) -> Option<String> {
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let (kind, subtype) = text.split_once('/')?;
    let is_kind = is_token(kind) && (is_token(subtype) || subtype == "*") || text == "*/*";
    (is_kind && text.len() <= TYPE_CHARS_MAX).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_checked_and_lowered() {
        assert_eq!(content_type("Image/PNG").as_deref(), Some("image/png"));
        for good in ["image/*", "*/*", "application/vnd.api+json"] {
            assert!(content_type(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "png",
            "*/png",
            "a/b/c",
            "text/plain; charset=utf-8",
            "a/",
            "/b",
            &format!("a/{}", "b".repeat(254)),
        ] {
            assert_eq!(content_type(bad), None, "{bad}");
        }
    }
}
