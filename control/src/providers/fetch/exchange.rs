//! One `fetch` from start to end: judge, send, follow, read within the bounds.

use std::error::Error;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use mayfly_runtime::providers::{FetchRequest, FetchResponse, GuestError, Redirect};
use url::Url;

use super::connect::ConnectError;
use super::guard::{Cidr, Denied, judge_url};
use super::redirect::{HOPS_MAX, Hop, follow, location};
use super::{AppClient, EgressLists, denied, failed, headers};

/// From the request to the head of its answer, the connection included. As long as a function runs by default:
/// what waits longer than that was ended already.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest pause within the answer's body.
const BODY_IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest body of an answer to a function: it has to fit into the sandbox's memory.
pub(super) const BODY_BYTES_MAX: usize = 16 << 20;

/// Within what a request stays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<'a> {
    /// The operator's exceptions from what is public.
    pub(super) allow: &'a [Cidr],
    /// The app's own lists of hosts.
    pub(super) lists: Option<&'a EgressLists>,
    /// The longest body of an answer.
    pub(super) body_bytes_max: usize,
}

/// Send one request and whatever redirects it leads to.
pub(super) async fn run(
    client: &AppClient,
    bounds: Bounds<'_>,
    request: FetchRequest,
) -> Result<FetchResponse, GuestError> {
    let redirects = request.redirect;
    let body = Bytes::from(request.body.unwrap_or_default());
    let mut hop = Hop {
        method: method(&request.method)?,
        url: Url::parse(&request.url).map_err(|_| failed("the URL is not valid"))?,
        headers: headers::outgoing(&request.headers)?,
        body: true,
    };
    for followed in 0..=HOPS_MAX {
        let answer = send(client, bounds, &hop, &body).await?;
        let place = location(answer.status(), answer.headers());
        match (redirects, place) {
            (Redirect::Manual, _) | (_, None) => {
                return read(answer, &hop.url, followed > 0, bounds.body_bytes_max).await;
            }
            (Redirect::Error, Some(_)) => return Err(failed("the answer is a redirect")),
            (Redirect::Follow, Some(place)) => {
                hop = follow(hop, answer.status(), place)
                    .ok_or_else(|| failed("the redirect's location is not a URL"))?;
            }
        }
    }
    Err(failed(format_args!("more than {HOPS_MAX} redirects")))
}

async fn send(
    client: &AppClient,
    bounds: Bounds<'_>,
    hop: &Hop,
    body: &Bytes,
) -> Result<Response<Incoming>, GuestError> {
    if !bounds.lists.is_none_or(|lists| lists.permits(&hop.url)) {
        let host = hop.url.host_str().unwrap_or_default();
        return Err(denied(format_args!("the app's egress lists do not let it reach {host}")));
    }
    judge_url(&hop.url, bounds.allow).map_err(|why| match why {
        Denied::Address(address) => denied(format_args!("{address} is not a public address")),
        Denied::Url(_) | Denied::Port(_) => denied(why),
    })?;
    let mut target = hop.url.clone();
    target.set_fragment(None);
    let uri: Uri = target.as_str().parse().map_err(|_| failed("the URL cannot be sent"))?;
    let body = if hop.body { body.clone() } else { Bytes::new() };
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = hop.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = hop.headers.clone();
    match tokio::time::timeout(HEAD_TIMEOUT, client.request(request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(explain(&error)),
        Err(_) => Err(failed(format_args!("no answer within {} seconds", HEAD_TIMEOUT.as_secs()))),
    }
}

async fn read(
    answer: Response<Incoming>,
    url: &Url,
    redirected: bool,
    bytes_max: usize,
) -> Result<FetchResponse, GuestError> {
    let (head, mut body) = answer.into_parts();
    let mut bytes = BytesMut::new();
    loop {
        let frame = tokio::time::timeout(BODY_IDLE_TIMEOUT, body.frame())
            .await
            .map_err(|_| failed("the answer's body stopped arriving"))?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| failed("the answer's body broke off"))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > bytes_max {
                return Err(failed(format_args!("the answer's body has more than {bytes_max} bytes")));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(FetchResponse {
        status: head.status.as_u16(),
        url: url.as_str().to_owned(),
        redirected,
        headers: headers::incoming(&head.headers),
        body: bytes.into(),
    })
}

fn method(text: &str) -> Result<Method, GuestError> {
    match Method::from_bytes(text.as_bytes()) {
        Ok(Method::CONNECT | Method::TRACE) | Err(_) => {
            Err(failed(format_args!("{text:?} is not a method that fetch can use")))
        }
        Ok(method) if method.as_str().eq_ignore_ascii_case("TRACK") => {
            Err(failed("TRACK is not a method that fetch can use"))
        }
        Ok(method) => Ok(method),
    }
}

/// The function's author gets to know what happened, and nothing about the machine it happened on.
fn explain(error: &(dyn Error + 'static)) -> GuestError {
    let mut cause = Some(error);
    while let Some(this) = cause {
        if let Some(connect) = this.downcast_ref::<ConnectError>() {
            return match connect {
                ConnectError::NotPublic => denied(connect),
                ConnectError::Failed(_) | ConnectError::TimedOut => failed(connect),
            };
        }
        if let Some(tls) = this.downcast_ref::<rustls::Error>() {
            return failed(format_args!("TLS: {tls}"));
        }
        // An `io::Error` hides what it was made of from `source()`.
        if let Some(inner) = this.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            cause = Some(inner);
            continue;
        }
        cause = this.source();
    }
    failed("the exchange broke off")
}
