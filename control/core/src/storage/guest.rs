//! `ctx.storage` of one invocation.
//!
//! To the guest it is a request to a URL of the scheme [`SCHEME`], so bodies stream both ways as with `fetch`. Only the
//! invocation's own app is looked at: there is no way to name another one.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderName, HeaderValue};
use mayfly_api::decode;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::names::decoded;
use mayfly_api::storage::{ListObjects, PresignMethod};
use mayfly_api::value::{List, Number, Text};
use mayfly_runtime::providers::{FetchRequest, FetchResponse, GuestError};
use mayfly_runtime::{Body, Chunks};
use mayfly_storage::{Announced, Bytestream, FoundObject, Objects, Piece, Place, Put, StorageError};
use mayfly_store::{ObjectMeta, ObjectQuery, PutCondition};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::endpoint::incoming;
use super::{PAGE, Presigned, Presigner, object};
use crate::app_cache::AppCache;

/// Begins the URLs of `ctx.storage`: what follows is an operation, a bucket and a key.
pub(crate) const SCHEME: &str = "mayfly-storage:";
/// Bytes of options.
const OPTIONS_BYTES_MAX: usize = 2 << 20;
/// Begins the headers of a user's metadata.
const METADATA: &str = "x-amz-meta-";
/// Headers that are kept with an object.
const KEPT: [&str; 5] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "expires"];

/// Storage as functions use it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GuestStorage {
    /// The objects of all apps.
    pub objects: Objects,
    /// Signs URLs.
    pub presigner: Presigner,
    /// Knows what an app may keep.
    pub apps: AppCache,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteOptions {
    keys: List<Text<1, 1_024>, 0, 1_000>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresignOptions {
    #[serde(default)]
    method: Option<PresignMethod>,
    #[serde(default)]
    expires_seconds: Option<Number<1, 604_800>>,
    #[serde(default)]
    content_type: Option<Text<1, 255>>,
}

impl GuestStorage {
    /// Answer a request whose URL is this behind the scheme.
    pub(crate) async fn answer(
        &self,
        app: &str,
        rest: &str,
        request: FetchRequest,
    ) -> Result<FetchResponse, GuestError> {
        let url = request.url.clone();
        let answered = self.try_answer(app, rest, request).await;
        let (status, headers, body) = answered.map_err(|error| {
            GuestError::new(error.code().as_str(), format!("ctx.storage: {}", error.message()))
        })?;
        Ok(FetchResponse { status, status_text: String::new(), url, redirected: false, headers, body })
    }

    async fn try_answer(&self, app: &str, rest: &str, request: FetchRequest) -> ApiResult<Answer> {
        let mut parts = rest.split('/').map(decoded);
        let mut next = || parts.next().flatten().unwrap_or_default();
        let (operation, bucket, key) = (next(), next(), next());
        let found = self.apps.find(app).await?.ok_or_else(|| ApiError::not_found("the app"))?;
        let place = Place { app, bucket: &bucket, key: &key, quota: found.limits.storage };
        match operation.as_str() {
            "get" => self.get(place, &request.headers).await,
            "put" => self.put(place, request).await,
            "delete" => {
                let DeleteOptions { keys } = options(request).await?;
                let keys: Vec<String> = keys.into_vec().into_iter().map(Text::into_string).collect();
                self.objects.delete(app, &bucket, &keys).await?;
                answer(&json!({}))
            }
            "list" => self.list(app, &bucket, options(request).await?).await,
            "presign" => {
                let wanted: PresignOptions = options(request).await?;
                let presigned = Presigned {
                    method: wanted.method.unwrap_or(PresignMethod::Get).as_str(),
                    bucket: &bucket,
                    key: &key,
                    expires_seconds: wanted.expires_seconds.map(|seconds| seconds.get()),
                    content_type: wanted.content_type.as_deref(),
                };
                answer(&self.presigner.presign(app, &presigned).await?)
            }
            _ => Err(ApiError::not_found("this operation of storage")),
        }
    }

    async fn get(&self, place: Place<'_>, headers: &[(String, String)]) -> ApiResult<Answer> {
        let found = match self.objects.find(place).await {
            Ok(found) => found,
            Err(StorageError::NoObject) => return Ok((404, Vec::new(), Body::Whole(Bytes::new()))),
            Err(error) => return Err(error.into()),
        };
        let etag = &found.object.etag;
        let names =
            |name: &str| header(headers, name).map(|value| value == "*" || value.trim_matches('"') == etag);
        if names("if-match") == Some(false) {
            return Err(condition("the object has another ETag"));
        }
        if names("if-none-match") == Some(true) {
            return Ok((304, object_headers(&found, 0), Body::Whole(Bytes::new())));
        }
        let piece = header(headers, "range").map_or(Ok(Piece::All), piece)?;
        let range = found.range(piece)?;
        let mut all = object_headers(&found, range.end - range.start);
        if piece != Piece::All {
            let text = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), found.object.size);
            all.push(("content-range".to_owned(), text));
        }
        let body = self.objects.read(&found, range).await?;
        let status = if piece == Piece::All { 200 } else { 206 };
        Ok((status, all, Body::Stream(outgoing(body))))
    }

    async fn put(&self, place: Place<'_>, request: FetchRequest) -> ApiResult<Answer> {
        let headers = &request.headers;
        let condition = match (header(headers, "if-match"), header(headers, "if-none-match")) {
            (None, None) => PutCondition::Always,
            (Some("*"), None) => PutCondition::Present,
            (Some(etag), None) => PutCondition::Matches(etag.trim_matches('"')),
            (None, Some("*")) => PutCondition::Absent,
            _ => return Err(ApiError::invalid("ifNoneMatch", "is `*`, and not beside ifMatch")),
        };
        let put = Put {
            place,
            content_type: header(headers, "content-type"),
            meta: meta(headers),
            condition,
            announced: Announced::default(),
        };
        let body: Bytestream = match request.body {
            Some(Body::Stream(chunks)) => incoming(chunks),
            Some(Body::Whole(bytes)) => Box::pin(futures_util::stream::iter([Ok(bytes)])),
            None => Box::pin(futures_util::stream::empty()),
        };
        let done = match self.objects.put(put, body).await {
            Err(StorageError::Precondition(_) | StorageError::NoObject) => {
                return Err(self::condition(
                    "the object is there already, or is not the one that ifMatch names",
                ));
            }
            done => done?,
        };
        answer(&json!({
            "key": place.key, "size": done.size, "etag": done.etag, "versionId": done.version_id,
        }))
    }

    async fn list(&self, app: &str, bucket: &str, options: ListObjects) -> ApiResult<Answer> {
        let query = ObjectQuery {
            app_id: app,
            bucket,
            prefix: options.prefix.as_deref().unwrap_or_default(),
            delimiter: options.delimiter.as_deref(),
            after: options.cursor.as_deref().filter(|cursor| !cursor.is_empty()),
            limit: options.limit.map_or(PAGE, |limit| limit.get()),
        };
        let page = self.objects.list(query).await?;
        answer(&mayfly_api::storage::ObjectList {
            objects: page.objects.into_iter().map(object).collect(),
            prefixes: page.prefixes,
            next_cursor: page.next,
        })
    }
}

/// Status, headers and body.
type Answer = (u16, Vec<(String, String)>, Body);

fn answer(value: &impl Serialize) -> ApiResult<Answer> {
    let body = serde_json::to_vec(value).map_err(ApiError::internal)?;
    Ok((200, vec![("content-type".to_owned(), "application/json".to_owned())], body.into()))
}

async fn options<T: serde::de::DeserializeOwned>(request: FetchRequest) -> ApiResult<T> {
    let body = match request.body {
        Some(body) => body.collect(OPTIONS_BYTES_MAX).await,
        None => Ok(Bytes::new()),
    };
    decode::body(&body.map_err(|error| ApiError::invalid("", error.to_string()))?)
}

fn condition(message: &'static str) -> ApiError {
    ApiError::new(Code::ResourceConflict, message)
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn meta(headers: &[(String, String)]) -> ObjectMeta {
    let kept = KEPT.iter().filter_map(|name| Some(((*name).to_owned(), header(headers, name)?.to_owned())));
    let own = headers.iter().filter_map(|(name, value)| {
        Some((name.to_ascii_lowercase().strip_prefix(METADATA)?.to_owned(), value.clone()))
    });
    ObjectMeta { headers: kept.collect(), metadata: own.collect::<BTreeMap<_, _>>(), checksum: None }
}

fn object_headers(found: &FoundObject, bytes: u64) -> Vec<(String, String)> {
    let object = &found.object;
    let mut all = vec![
        ("content-length".to_owned(), bytes.to_string()),
        (
            "content-type".to_owned(),
            object.content_type.clone().unwrap_or_else(|| "binary/octet-stream".to_owned()),
        ),
        ("etag".to_owned(), format!("\"{}\"", object.etag)),
        ("last-modified".to_owned(), object.created_at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
    ];
    all.extend(object.meta.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    all.extend(object.meta.metadata.iter().map(|(name, value)| (format!("{METADATA}{name}"), value.clone())));
    // What was written over S3 may be no header to a function.
    let is_header = |name: &str, value: &str| {
        HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(value).is_ok()
    };
    all.retain(|(name, value)| is_header(name, value));
    all
}

/// `bytes=0-99`, `bytes=100-` or `bytes=-100`.
fn piece(range: &str) -> ApiResult<Piece> {
    let read = || {
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let number = |text: &str| text.parse::<u64>().ok();
        match (first, last) {
            ("", last) => Some(Piece::Last(number(last)?)),
            (first, "") => Some(Piece::From(number(first)?, None)),
            (first, last) => Some(Piece::From(number(first)?, Some(number(last)?))),
        }
    };
    let piece = read().filter(|piece| !matches!(piece, Piece::From(first, Some(last)) if first > last));
    piece.ok_or_else(|| ApiError::invalid("range", "is `bytes=first-last`, `bytes=first-` or `bytes=-count`"))
}

fn outgoing(body: Bytestream) -> Chunks {
    Chunks::new(body.map(|bytes| {
        bytes.map_err(|error| {
            let error = ApiError::from(error);
            GuestError::new(error.code().as_str(), format!("ctx.storage: {}", error.message()))
        })
    }))
}
