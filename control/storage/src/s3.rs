//! The S3 endpoint of an app: verifies who signed a request, then lets `s3s` read it, and answers over [`Objects`].

mod body;
mod buckets;
mod convert;
mod error;
mod objects;
mod reading;
mod service;
mod uploads;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use mayfly_common::clock;
use mayfly_store::StorageQuota;
use s3s::service::S3ServiceBuilder;
use s3s::{Body, S3Error, S3ErrorCode};

use crate::keys::StorageKeys;
use crate::sigv4::{Trailers, Unverified, decode_query, encode_query, refuse};
use crate::{Bytestream, Objects};
use body::{Unread, collected, payload_body, streamed};
use error::s3_error;
use service::AppS3;

/// Serves S3 for every app. Cheap to clone.
#[derive(Debug, Clone)]
pub struct S3Endpoint {
    objects: Objects,
    keys: StorageKeys,
}

/// A request to an app's endpoint.
pub struct S3Request {
    /// The app.
    pub app: String,
    /// How much it may keep.
    pub quota: StorageQuota,
    /// What is before the bucket: `/v1/{app}/s3`.
    pub prefix: String,
    /// Everything but the body, as it was sent.
    pub head: Parts,
    /// The body.
    pub body: Bytestream,
    /// Its id, which the answer names.
    pub id: String,
}

impl std::fmt::Debug for S3Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Request").field("app", &self.app).field("id", &self.id).finish_non_exhaustive()
    }
}

impl S3Endpoint {
    /// Over these objects and keys.
    pub fn new(objects: Objects, keys: StorageKeys) -> Self {
        Self { objects, keys }
    }

    /// Serve a request. What is wrong with it is answered, too.
    pub async fn serve(&self, request: S3Request) -> Response<Body> {
        let (id, is_head) = (request.id.clone(), request.head.method == Method::HEAD);
        let mut answer = match self.answer(request).await {
            Ok(answer) => answer,
            Err(mut error) => {
                error.set_request_id(id.clone());
                error.to_http_response().unwrap_or_else(|_| {
                    let mut answer = Response::new(Body::empty());
                    *answer.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
                    answer
                })
            }
        };
        if is_head && answer.status().is_client_error() {
            *answer.body_mut() = Body::empty();
        }
        if let Ok(id) = HeaderValue::try_from(id) {
            answer.headers_mut().insert("x-amz-request-id", id);
        }
        answer
    }

    async fn answer(&self, request: S3Request) -> Result<Response<Body>, S3Error> {
        let S3Request { app, quota, prefix, mut head, body, id: _ } = request;
        let (path, query) = split(&head, &prefix)?;
        let unverified = Unverified::read(&head)?.ok_or_else(|| {
            refuse(S3ErrorCode::AccessDenied, "Anonymous access is forbidden: sign the request")
        })?;
        let key = self.keys.find(&app, unverified.key_id()).await.map_err(s3_error)?;
        let key = key.ok_or_else(|| {
            refuse(
                S3ErrorCode::InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records.",
            )
        })?;
        let payload = unverified.verify(&head, &key.secret, clock::now())?;
        refuse_unsupported(&head)?;
        if key.row.read_only && !matches!(head.method, Method::GET | Method::HEAD) {
            return Err(refuse(S3ErrorCode::AccessDenied, "this key only reads"));
        }
        let trailers = Trailers::default();
        let body = payload_body(&mut head, payload, body, &trailers)?;
        let is_object = head.method == Method::PUT && path.trim_start_matches('/').contains('/');
        let rest = Unread::default();
        let body = if is_object {
            streamed(body, rest.clone())
        } else {
            Body::from(collected(body).await.map_err(s3_error)?)
        };
        head.headers.remove(AUTHORIZATION);
        head.uri = uri(&path, query)?;
        let service = AppS3 { objects: self.objects.clone(), app, quota, prefix, trailers };
        let service = S3ServiceBuilder::new(service).build();
        let answer = service.call(Request::from_parts(head, body)).await;
        // A client that is still sending would see a broken connection instead of the reason.
        rest.drain().await;
        answer.map_err(|_| refuse(S3ErrorCode::InternalError, "the answer could not be written"))
    }
}

/// What would be promised and not kept.
fn refuse_unsupported(head: &Parts) -> Result<(), S3Error> {
    const UNSUPPORTED: [&str; 5] = [
        "x-amz-server-side-encryption",
        "x-amz-object-lock-",
        "x-amz-tagging",
        "x-amz-website-redirect-location",
        "x-amz-grant-",
    ];
    let is_unsupported =
        |name: &&HeaderName| UNSUPPORTED.iter().any(|known| name.as_str().starts_with(known));
    if let Some(name) = head.headers.keys().find(is_unsupported) {
        let message =
            format!("the header {name} is not supported: its effect would be promised and not kept");
        return Err(refuse(S3ErrorCode::NotImplemented, message));
    }
    let acl = head.headers.get("x-amz-acl").map(HeaderValue::as_bytes);
    if acl.is_some_and(|acl| !matches!(acl, b"private" | b"bucket-owner-full-control")) {
        return Err(refuse(S3ErrorCode::AccessControlListNotSupported, "The bucket does not allow ACLs"));
    }
    Ok(())
}

/// A query, decoded.
type Query = Vec<(Vec<u8>, Vec<u8>)>;

/// The path behind the prefix as it was sent, and the query without what signs the request.
fn split(head: &Parts, prefix: &str) -> Result<(String, Query), S3Error> {
    let path = head.uri.path();
    let rest = path.strip_prefix(prefix).unwrap_or_default();
    // Decoded, it would be another key than the one that is meant; keys have their slashes as they are.
    if rest.to_ascii_lowercase().contains("%2f") {
        return Err(refuse(S3ErrorCode::InvalidURI, "a slash of a key is not encoded"));
    }
    let rest = if rest.is_empty() { "/" } else { rest };
    let mut query = decode_query(head.uri.query().unwrap_or_default());
    let is_signing = |name: &[u8]| {
        let name = name.to_ascii_lowercase();
        [
            "x-amz-algorithm",
            "x-amz-credential",
            "x-amz-date",
            "x-amz-expires",
            "x-amz-signedheaders",
            "x-amz-signature",
            "x-amz-content-sha256",
            "x-amz-security-token",
        ]
        .iter()
        .any(|known| known.as_bytes() == name)
    };
    query.retain(|(name, _)| !is_signing(name));
    Ok((rest.to_owned(), query))
}

fn uri(path: &str, query: Query) -> Result<Uri, S3Error> {
    let invalid = |_| refuse(S3ErrorCode::InvalidURI, "the path or query is not one");
    let text = if query.is_empty() { path.to_owned() } else { format!("{path}?{}", encode_query(query)) };
    Uri::try_from(text).map_err(invalid)
}
