//! `POST /v1/{app}/s3-events`: notifications of another S3 server, as AWS and MinIO send them.

use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::routes::S3EventsTell;
use mayfly_api::uploads::{EventsTaken, RECORDS_MAX};
use mayfly_storage::check_bucket;
use mayfly_store::Uploaded;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use super::Uploads;

/// Characters of what a server tells versions apart by.
const VERSION_CHARS_MAX: usize = 1_024;
/// Bytes of a key, as S3 has it.
const KEY_BYTES_MAX: usize = 1_024;

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    event: String,
    s3: S3,
}

#[derive(Deserialize)]
struct S3 {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    e_tag: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    version_id: Option<String>,
    #[serde(default)]
    sequencer: Option<String>,
}

/// A record of a created object.
struct Created {
    event_key: String,
    bucket: String,
    key: String,
    etag: String,
    size: u64,
    content_type: Option<String>,
    record: Value,
}

impl Handler<S3EventsTell> for Uploads {
    async fn handle(&self, call: ApiCall<S3EventsTell>) -> ApiResult<EventsTaken> {
        let records = call.body.0.records;
        if records.len() > RECORDS_MAX {
            let message = format!("must have at most {RECORDS_MAX} entries");
            return Err(ApiError::invalid("Records", message));
        }
        let mut created = Vec::new();
        for (place, record) in records.into_iter().enumerate() {
            created.extend(read(record, &format!("Records[{place}]"))?);
        }
        let told: Vec<Uploaded<'_>> =
            created.iter().map(|created| created.uploaded(&call.context.app)).collect();
        let uploads = self.store.storage_events().tell(&told).await?;
        if uploads > 0 {
            self.wake.notify_one();
        }
        Ok(EventsTaken { records: u32::try_from(told.len()).unwrap_or(u32::MAX), uploads })
    }
}

/// `None`: of another event.
fn read(record: Value, path: &str) -> ApiResult<Option<Created>> {
    let parsed = Record::deserialize(&record)
        .map_err(|error| ApiError::invalid(path, format!("is no S3 event record: {error}")))?;
    // AWS writes `ObjectCreated:Put`, MinIO `s3:ObjectCreated:Put`.
    let event = parsed.event.strip_prefix("s3:").unwrap_or(&parsed.event);
    if !event.starts_with("ObjectCreated:") {
        return Ok(None);
    }
    let invalid = |field: &str, why: String| Err(ApiError::invalid(&format!("{path}.s3.{field}"), why));
    let Object { key, size, e_tag, content_type, version_id, sequencer } = parsed.s3.object;
    if let Err(error) = check_bucket(&parsed.s3.bucket.name) {
        return invalid("bucket.name", error.to_string());
    }
    // Encoded as a form's fields are.
    let key = key.replace('+', " ");
    let Ok(key) = percent_decode_str(&key).decode_utf8() else {
        return invalid("object.key", "is no encoded UTF-8".to_owned());
    };
    if key.is_empty() || key.len() > KEY_BYTES_MAX || key.contains('\0') {
        return invalid("object.key", "has 1 to 1,024 bytes, none of them 0".to_owned());
    }
    let etag = e_tag.unwrap_or_default().trim_matches('"').to_owned();
    // A version is the best, and a sequencer better than an ETag, which the same bytes written twice share.
    let known = version_id.filter(|version| !version.is_empty() && version != "null");
    let Some(version) = known.or(sequencer).or_else(|| Some(etag.clone())).filter(|text| !text.is_empty())
    else {
        return invalid("object", "has none of versionId, sequencer and eTag".to_owned());
    };
    let texts = [&version, &etag, content_type.as_ref().unwrap_or(&etag)];
    if texts.iter().any(|text| text.chars().count() > VERSION_CHARS_MAX || text.contains('\0')) {
        return invalid(
            "object",
            format!("a text has at most {VERSION_CHARS_MAX} characters, none of them 0"),
        );
    }
    // PostgreSQL's JSON has no NUL either.
    if record.to_string().contains("\\u0000") {
        return invalid("object", "has a NUL".to_owned());
    }
    let bucket = parsed.s3.bucket.name;
    let event_key = format!("{bucket}/{key}#{version}");
    Ok(Some(Created { event_key, bucket, key: key.into_owned(), etag, size, content_type, record }))
}

impl Created {
    fn uploaded<'a>(&'a self, app: &'a str) -> Uploaded<'a> {
        Uploaded {
            app_id: app,
            event_key: &self.event_key,
            bucket: &self.bucket,
            key: &self.key,
            etag: &self.etag,
            size: self.size,
            content_type: self.content_type.as_deref(),
            record: Some(&self.record),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(event: &str, object: Value) -> Value {
        json!({ "eventName": event, "s3": { "bucket": { "name": "photos" }, "object": object } })
    }

    #[test]
    fn records_of_aws_and_minio_are_read() {
        let object = json!({ "key": "a+b%2Bc/%C3%BC.png", "size": 7, "eTag": "\"e1\"", "sequencer": "00A1" });
        for event in ["ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload"] {
            let created = read(record(event, object.clone()), "r").unwrap().unwrap();
            assert_eq!(
                (created.key.as_str(), created.etag.as_str(), created.size),
                ("a b+c/\u{fc}.png", "e1", 7)
            );
            assert_eq!(created.event_key, "photos/a b+c/\u{fc}.png#00A1");
        }
        assert!(read(record("ObjectRemoved:Delete", object), "r").unwrap().is_none());
    }

    #[test]
    fn what_is_no_record_is_refused_with_its_path() {
        for (sent, path) in [
            (json!({}), "Records[3]: "),
            (json!(7), "Records[3]: "),
            (record("ObjectCreated:Put", json!({ "key": "k" })), "Records[3].s3.object: "),
            (record("ObjectCreated:Put", json!({ "key": "", "eTag": "e" })), "Records[3].s3.object.key: "),
            (record("ObjectCreated:Put", json!({ "key": "%00", "eTag": "e" })), "Records[3].s3.object.key: "),
            (record("ObjectCreated:Put", json!({ "key": "%ff", "eTag": "e" })), "Records[3].s3.object.key: "),
            (
                record("ObjectCreated:Put", json!({ "key": "k".repeat(1_025), "eTag": "e" })),
                "Records[3].s3.object.key: ",
            ),
            (
                record("ObjectCreated:Put", json!({ "key": "k", "eTag": "e".repeat(1_025) })),
                "Records[3].s3.object: ",
            ),
        ] {
            let error = read(sent.clone(), "Records[3]").err().unwrap();
            assert!(error.message().starts_with(path), "{sent}: {}", error.message());
        }
    }
}
