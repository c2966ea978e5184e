//! What a request says of its signature, by its `Authorization` header or by its query.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use http::header::AUTHORIZATION;
use http::request::Parts;
use s3s::{S3Error, S3ErrorCode};

use super::encoding::decode_query;
use super::refuse;

/// A week.
const EXPIRES_MAX: i64 = 604_800;
/// Headers that a request may sign.
const SIGNED_MAX: usize = 100;

/// What a request says of its signature.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) form: Form,
    pub(super) key_id: String,
    pub(super) scope: Scope,
    pub(super) signed_headers: Vec<String>,
    /// 64 hexadecimal digits.
    pub(super) signature: String,
    pub(super) at: DateTime<Utc>,
    /// The same, as it was sent.
    pub(super) date_text: String,
}

/// Where it says so.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Header,
    Query { expires: i64 },
}

/// What a key signs for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) date: String,
    pub(super) region: String,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/s3/aws4_request", self.date, self.region)
    }
}

/// What both forms name.
struct Fields {
    credential: String,
    signed_headers: String,
    signature: String,
    date: String,
}

impl Claimed {
    /// `None`: the request is not signed.
    pub(super) fn read(head: &Parts) -> Result<Option<Self>, S3Error> {
        let query = decode_query(head.uri.query().unwrap_or_default());
        let is_presigned = query.iter().any(|(name, _)| name.starts_with(b"X-Amz-") && name != b"X-Amz-Date")
            && query.iter().any(|(name, _)| {
                matches!(name.as_slice(), b"X-Amz-Signature" | b"X-Amz-Algorithm" | b"X-Amz-Credential")
            });
        if query.iter().any(|(name, _)| name == b"AWSAccessKeyId") {
            let message = "This is Signature Version 2, which is not supported. Please use AWS4-HMAC-SHA256.";
            return Err(refuse(S3ErrorCode::InvalidRequest, message));
        }
        match (head.headers.get(AUTHORIZATION), is_presigned) {
            (Some(_), true) => Err(refuse(
                S3ErrorCode::InvalidArgument,
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header should be specified",
            )),
            (Some(header), false) => Self::of_header(head, header.to_str().unwrap_or_default()).map(Some),
            (None, true) => Self::of_query(&query).map(Some),
            (None, false) => Ok(None),
        }
    }

    fn of_header(head: &Parts, header: &str) -> Result<Self, S3Error> {
        let malformed =
            || refuse(S3ErrorCode::AuthorizationHeaderMalformed, "the Authorization header is malformed");
        let Some(rest) = header.strip_prefix("AWS4-HMAC-SHA256") else {
            return Err(refuse(S3ErrorCode::InvalidRequest, "Please use AWS4-HMAC-SHA256"));
        };
        let mut fields = [None, None, None];
        for field in rest.split(',') {
            let (name, value) = field.trim().split_once('=').ok_or_else(malformed)?;
            let place = ["Credential", "SignedHeaders", "Signature"].iter().position(|known| *known == name);
            let field = place.and_then(|place| fields.get_mut(place)).ok_or_else(malformed)?;
            if field.replace(value.to_owned()).is_some() {
                return Err(malformed());
            }
        }
        let [Some(credential), Some(signed_headers), Some(signature)] = fields else {
            return Err(malformed());
        };
        let date = head.headers.get("x-amz-date").and_then(|date| date.to_str().ok());
        let date = date.ok_or_else(|| {
            refuse(S3ErrorCode::AccessDenied, "AWS authentication requires a valid x-amz-date header")
        })?;
        let fields = Fields { credential, signed_headers, signature, date: date.to_owned() };
        Self::of_fields(fields, Form::Header).ok_or_else(malformed)
    }

    fn of_query(query: &[(Vec<u8>, Vec<u8>)]) -> Result<Self, S3Error> {
        let wrong = |message| refuse(S3ErrorCode::AuthorizationQueryParametersError, message);
        let one = |wanted: &str| {
            let mut values = query.iter().filter(|(name, _)| name == wanted.as_bytes());
            let value = values.next().filter(|_| values.next().is_none())?;
            String::from_utf8(value.1.clone()).ok()
        };
        if one("X-Amz-Algorithm").as_deref() != Some("AWS4-HMAC-SHA256") {
            return Err(wrong("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\""));
        }
        let missing = || {
            wrong(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters, each once",
            )
        };
        let (Some(credential), Some(signed_headers), Some(signature), Some(date), Some(expires)) = (
            one("X-Amz-Credential"),
            one("X-Amz-SignedHeaders"),
            one("X-Amz-Signature"),
            one("X-Amz-Date"),
            one("X-Amz-Expires"),
        ) else {
            return Err(missing());
        };
        let is_number = expires.bytes().all(|byte| byte.is_ascii_digit());
        let expires = expires.parse::<i64>().ok().filter(|_| is_number);
        let expires = expires.filter(|expires| (1..=EXPIRES_MAX).contains(expires));
        let expires = expires
            .ok_or_else(|| wrong("X-Amz-Expires must be a number of 1 to 604800 seconds, which is a week"))?;
        let fields = Fields { credential, signed_headers, signature, date };
        Self::of_fields(fields, Form::Query { expires }).ok_or_else(|| {
            wrong("X-Amz-Credential, X-Amz-Date, X-Amz-SignedHeaders or X-Amz-Signature is malformed")
        })
    }

    fn of_fields(fields: Fields, form: Form) -> Option<Self> {
        let Fields { credential, signed_headers, signature, date: date_text } = fields;
        // A key id may have slashes, the scope has none.
        let mut parts = credential.rsplitn(5, '/');
        let (terminator, service) = (parts.next()?, parts.next()?);
        let (region, date, key_id) = (parts.next()?, parts.next()?, parts.next()?);
        let is_fitting = terminator == "aws4_request" && service == "s3" && date_text.get(..8) == Some(date);
        let at = NaiveDateTime::parse_from_str(&date_text, "%Y%m%dT%H%M%SZ")
            .ok()
            .filter(|_| date_text.len() == 16)?;
        let signed_headers: Vec<String> = signed_headers.split(';').map(str::to_owned).collect();
        let is_header = |name: &String| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
        };
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_well_formed = is_fitting
            && !key_id.is_empty()
            && signed_headers.len() <= SIGNED_MAX
            && signed_headers.iter().all(is_header)
            && signed_headers.is_sorted()
            && signature.len() == 64
            && signature.bytes().all(is_hex);
        is_well_formed.then(|| Self {
            form,
            key_id: key_id.to_owned(),
            scope: Scope { date: date.to_owned(), region: region.to_owned() },
            signed_headers,
            signature,
            at: at.and_utc(),
            date_text,
        })
    }
}
