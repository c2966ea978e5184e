//! The examples of Amazon's documentation, and what is one step beside them.

use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::{StreamExt as _, stream};
use http::Request;

use super::*;
use crate::{Bytestream, StorageError};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn at() -> DateTime<Utc> {
    "2013-05-24T00:00:00Z".parse().unwrap()
}

fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn authorization(names: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={names},Signature={signature}"
    )
}

fn verify(head: &Parts, now: DateTime<Utc>) -> Result<Payload, S3Error> {
    Unverified::read(head)?.unwrap().verify(head, SECRET, now)
}

fn code(result: Result<Payload, S3Error>) -> String {
    result.unwrap_err().code().as_str().to_owned()
}

fn get_object(method: &str, path: &str, range: &str) -> Parts {
    let names = "host;range;x-amz-content-sha256;x-amz-date";
    let signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    let headers = [
        ("host", "examplebucket.s3.amazonaws.com"),
        ("range", range),
        ("x-amz-content-sha256", EMPTY),
        ("x-amz-date", "20130524T000000Z"),
        ("authorization", &authorization(names, signature)),
    ];
    head(method, path, &headers)
}

#[test]
fn a_signed_header() {
    let good = get_object("GET", "/test.txt", "bytes=0-9");
    assert!(matches!(verify(&good, at()), Ok(Payload::Sha256(_))));
    // White space around and within a value is nothing.
    assert!(verify(&get_object("GET", "/test.txt", " bytes=0-9 "), at()).is_ok());
    assert!(verify(&get_object("GET", "/%74est.txt", "bytes=0-9"), at()).is_ok());
    for changed in [
        get_object("PUT", "/test.txt", "bytes=0-9"),
        get_object("GET", "/test.txt2", "bytes=0-9"),
        get_object("GET", "/test.txt", "bytes=0-8"),
        get_object("GET", "/test.txt?x", "bytes=0-9"),
    ] {
        assert_eq!(code(verify(&changed, at())), "SignatureDoesNotMatch");
    }
    let mut more = good.clone();
    more.headers.insert("x-amz-meta-more", http::HeaderValue::from_static("x"));
    assert_eq!(code(verify(&more, at())), "SignatureDoesNotMatch");
    for seconds in [-SKEW_SECONDS, SKEW_SECONDS] {
        assert!(verify(&good, at() + TimeDelta::seconds(seconds)).is_ok());
        let too_far = at() + TimeDelta::seconds(seconds + seconds.signum());
        assert_eq!(code(verify(&good, too_far)), "RequestTimeTooSkewed");
    }
}

fn presigned(change: (&str, &str)) -> Parts {
    let path = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    head("GET", &path.replace(change.0, change.1), &[("host", "examplebucket.s3.amazonaws.com")])
}

#[test]
fn a_presigned_url_and_its_end() {
    let good = presigned(("", ""));
    assert_eq!(verify(&good, at()).unwrap(), Payload::Unsigned);
    assert!(verify(&good, at() + TimeDelta::seconds(86_400)).is_ok());
    let late = verify(&good, at() + TimeDelta::seconds(86_401)).unwrap_err();
    assert_eq!((late.code().as_str(), late.message()), ("AccessDenied", Some("Request has expired")));
    assert_eq!(code(verify(&good, at() - TimeDelta::seconds(SKEW_SECONDS + 1))), "AccessDenied");
    for change in [("86400", "86401"), ("/test.txt", "/other.txt"), ("86400", "604800")] {
        assert_eq!(code(verify(&presigned(change), at())), "SignatureDoesNotMatch", "{change:?}");
    }
    for change in [
        ("86400", "604801"),
        ("86400", "0"),
        ("86400", "-1"),
        ("86400", "+1"),
        ("86400", "1e3"),
        ("X-Amz-Expires=86400&", ""),
        ("HMAC-SHA256", "HMAC-SHA1"),
        ("T000000Z", "T000000"),
        ("Date=20130524", "Date=20130525"),
        ("%2Fs3%2F", "%2Fec2%2F"),
        ("&X-Amz-Signature=aeeed9bb", "&X-Amz-Signature=AEEED9BB"),
        ("&X-Amz-Date", "&X-Amz-Date=20130524T000000Z&X-Amz-Date"),
    ] {
        assert_eq!(code(verify_read(&presigned(change))), "AuthorizationQueryParametersError", "{change:?}");
    }
}

fn verify_read(head: &Parts) -> Result<Payload, S3Error> {
    Unverified::read(head).map(|_| Payload::Unsigned)
}

#[test]
fn what_is_malformed_says_so() {
    let with = |value: &str| {
        head("GET", "/", &[("host", "h"), ("x-amz-date", "20130524T000000Z"), ("authorization", value)])
    };
    for value in ["", "Bearer x", "AWS AKIA:x"] {
        assert_eq!(code(verify_read(&with(value))), "InvalidRequest", "{value}");
    }
    let good = authorization("host;x-amz-date", &"0".repeat(64));
    assert!(verify_read(&with(&good)).is_ok());
    for (from, to) in [
        ("Credential=", "Credentials="),
        ("host;x-amz-date", "x-amz-date;host"),
        ("aws4_request", "aws5_request"),
        (",Signature=", ",Signature=0"),
        (",SignedHeaders=host;x-amz-date", ""),
        ("AKIAIOSFODNN7EXAMPLE", ""),
        ("host;", "host,"),
    ] {
        let value = good.replace(from, to);
        assert_eq!(code(verify_read(&with(&value))), "AuthorizationHeaderMalformed", "{value}");
    }
    assert!(Unverified::read(&head("GET", "/?versions", &[("host", "h")])).unwrap().is_none());
    let v2 = head("GET", "/?AWSAccessKeyId=x&Signature=y&Expires=1", &[("host", "h")]);
    assert_eq!(code(verify_read(&v2)), "InvalidRequest");
}

#[test]
fn a_url_that_is_signed_here_verifies_here() {
    let wanted = Presign {
        method: "GET",
        origin: "https://examplebucket.s3.amazonaws.com",
        prefix: "",
        bucket: "",
        key: "test.txt",
        key_id: "AKIAIOSFODNN7EXAMPLE",
        secret: SECRET,
        at: at(),
        expires_seconds: 86_400,
        headers: &[],
    };
    let key = "a b+c%2B/!'()*;&=?#~é/./../x";
    let url = presign(&Presign { bucket: "b", key, prefix: "/v1/app_1/s3", ..wanted });
    let path = url.strip_prefix(wanted.origin).unwrap();
    let request = head("GET", path, &[("host", "examplebucket.s3.amazonaws.com")]);
    assert!(verify(&request, at()).is_ok(), "{url}");
}

/// Amazon's example of an upload in chunks.
fn chunked(last: &str) -> (Parts, String) {
    let names = "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class";
    let signature = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    let headers = [
        ("host", "s3.amazonaws.com"),
        ("content-encoding", "aws-chunked"),
        ("content-length", "66824"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-decoded-content-length", "66560"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("authorization", &authorization(names, signature)),
    ];
    let body = format!(
        "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n{}\r\n\
         400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n{}\r\n\
         0;chunk-signature={last}\r\n\r\n",
        "a".repeat(65_536),
        "a".repeat(1_024),
    );
    (head("PUT", "/examplebucket/chunkObject.txt", &headers), body)
}

const LAST: &str = "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9";

async fn read(payload: Payload, body: &str, piece: usize) -> (Result<usize, StorageError>, Trailers) {
    let Payload::Chunked(chunking) = payload else { panic!("{payload:?}") };
    let pieces: Vec<_> =
        body.as_bytes().chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let pieces: Bytestream = Box::pin(stream::iter(pieces));
    let trailers = Trailers::default();
    let mut decoded = signed_body(pieces, *chunking, trailers.clone());
    let mut bytes = 0;
    while let Some(piece) = decoded.next().await {
        match piece {
            Ok(piece) => bytes += piece.len(),
            Err(error) => return (Err(error), trailers),
        }
    }
    (Ok(bytes), trailers)
}

#[tokio::test]
async fn chunks_are_verified_one_by_one_however_they_arrive() {
    let (head, body) = chunked(LAST);
    assert_eq!(body.len(), 66_824);
    let payload = verify(&head, at()).unwrap();
    for piece in [1, 7, 1_000, 1 << 20] {
        assert_eq!(read(payload.clone(), &body, piece).await.0.unwrap(), 66_560, "{piece}");
    }
    let changed = body.replacen("aaa", "aab", 1);
    assert!(matches!(read(payload.clone(), &changed, 4_096).await.0, Err(StorageError::ChunkSignature)));
    let other = body.replace(LAST, &LAST.replace('b', "c"));
    assert!(matches!(read(payload.clone(), &other, 4_096).await.0, Err(StorageError::ChunkSignature)));
    // Without its last chunk, a body that is cut off looks like a shorter one.
    let cut = body.split("0;chunk").next().unwrap();
    assert!(matches!(read(payload, cut, 4_096).await.0, Err(StorageError::Body(_))));
}

#[tokio::test]
async fn headers_may_follow_the_last_chunk() {
    let payload = Payload::Chunked(Box::new(Chunking { signing: None, has_trailer: true }));
    let body = "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Amz-Checksum-Crc32: AAAA==\r\n\r\n";
    for piece in [1, 5, 1_000] {
        let (bytes, trailers) = read(payload.clone(), body, piece).await;
        assert_eq!((bytes.unwrap(), trailers.get("x-amz-checksum-crc32").as_deref()), (5, Some("AAAA==")));
    }
    let many = format!("0\r\n{}\r\n", "a:b\r\n".repeat(17));
    let long = format!("{}\r\n", "0".repeat(5_000));
    for bad in [
        "",
        "x\r\n",
        "-1\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nab",
        "11111111111111111\r\n",
        "0\r\nnocolon\r\n\r\n",
        &many,
        &long,
    ] {
        let read = read(payload.clone(), bad, 1_000).await.0;
        assert!(matches!(read, Err(StorageError::Body(_))), "{bad}: {read:?}");
    }
}
