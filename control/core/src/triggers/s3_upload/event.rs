//! What a function gets to know of the object that fired: the S3 event record as its body, and `ctx.trigger`.

use mayfly_api::error::ApiError;
use mayfly_api::triggers::TriggerKind;
use mayfly_api::value::Timestamp;
use mayfly_common::clock;
use mayfly_store::ClaimedUpload;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::invoke::TriggerEvent;
use crate::triggers::run::NotStarted;

/// As S3 writes keys in its records: encoded as a form's fields are, slashes left as they are.
const FORM: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/').remove(b' ');

/// An object that fires. `ctx.trigger`, next to its `type`, is this.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct UploadTriggerEvent<'a> {
    bucket: &'a str,
    key: &'a str,
    etag: &'a str,
    size: u64,
    content_type: Option<&'a str>,
    version_id: &'a str,
    /// The same for every attempt.
    upload_id: &'a str,
    attempt: u32,
    created_at: Timestamp,
    replay: bool,
}

/// What starts the function.
pub(super) fn trigger(upload: &ClaimedUpload) -> Result<TriggerEvent, NotStarted> {
    let event = UploadTriggerEvent {
        bucket: &upload.bucket,
        key: &upload.key,
        etag: &upload.etag,
        size: upload.size,
        content_type: upload.content_type.as_deref(),
        version_id: &upload.event_key,
        upload_id: &upload.id,
        attempt: upload.attempt,
        created_at: upload.created_at.into(),
        replay: upload.replays > 0,
    };
    TriggerEvent::fired(TriggerKind::S3Upload, event)
        .map_err(|error| NotStarted::Failed(ApiError::internal(error)))
}

/// The body: S3's event notification with one record.
pub(super) fn notification(upload: &ClaimedUpload) -> Value {
    let record = upload.record.clone().unwrap_or_else(|| record(upload));
    json!({ "Records": [record] })
}

fn record(upload: &ClaimedUpload) -> Value {
    json!({
        "eventVersion": "2.1",
        "eventSource": "mayfly:s3",
        "awsRegion": "us-east-1",
        "eventTime": clock::rfc3339(upload.created_at),
        // What wrote it is not kept: an ETag with a hyphen is that of an upload in parts.
        "eventName": if upload.etag.contains('-') {
            "ObjectCreated:CompleteMultipartUpload"
        } else {
            "ObjectCreated:Put"
        },
        "userIdentity": { "principalId": upload.app_id },
        "requestParameters": {},
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": upload.function_name,
            "bucket": {
                "name": upload.bucket,
                "ownerIdentity": { "principalId": upload.app_id },
                "arn": format!("arn:aws:s3:::{}", upload.bucket),
            },
            "object": {
                "key": encode_key(&upload.key),
                "size": upload.size,
                "eTag": upload.etag,
                "contentType": upload.content_type,
                "versionId": upload.event_key,
                "sequencer": sequencer(&upload.event_key),
            },
        },
    })
}

fn encode_key(key: &str) -> String {
    utf8_percent_encode(key, FORM).to_string().replace(' ', "+")
}

/// Versions begin with their time, so that later ones are greater.
fn sequencer(version: &str) -> String {
    version.trim_start_matches("obj_").chars().take(16).collect::<String>().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_s3_does() {
        assert_eq!(encode_key("a b+c/\u{fc}.txt"), "a+b%2Bc/%C3%BC.txt");
    }
}
