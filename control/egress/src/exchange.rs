//! One `fetch` from start to end: check the URL, send, follow redirects, read within the limits.

use std::time::Duration;

use http::{Method, Request, Response, Uri};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use mayfly_runtime::providers::{FetchRequest, FetchResponse, GuestError, Redirect};
use url::Url;

use super::connect::GuardedConnector;
use super::failure::{denied, explain, failed};
use super::guard::{Denied, check_url};
use super::limits::FetchLimits;
use super::redirect::{HOPS_MAX, Hop, follow, location};
use super::upload::{Upload, UploadBody};
use super::{headers, response};

/// A client that belongs to one app: pooled connections are never shared between tenants.
pub(super) type AppClient = Client<HttpsConnector<GuardedConnector>, UploadBody>;

/// From the request to the head of its response, the connection included. As long as a function runs by default: one
/// that waits longer than that has been ended already.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Send one request, and follow its redirects.
pub(super) async fn run(
    client: &AppClient,
    limits: FetchLimits<'_>,
    request: FetchRequest,
) -> Result<FetchResponse, GuestError> {
    let redirects = request.redirect;
    let mut upload = Upload::new(request.body);
    let mut hop = Hop {
        method: method(&request.method)?,
        url: Url::parse(&request.url).map_err(|_| failed("the URL is not valid"))?,
        headers: headers::outgoing(&request.headers)?,
        body: true,
    };
    for followed in 0..=HOPS_MAX {
        let received = send(client, limits, &hop, &mut upload).await?;
        let place = location(received.status(), received.headers());
        match (redirects, place) {
            (Redirect::Manual, _) | (_, None) => {
                return response::read(received, &hop.url, followed > 0, limits).await;
            }
            (Redirect::Error, Some(_)) => return Err(failed("the answer is a redirect")),
            (Redirect::Follow, Some(place)) => {
                hop = follow(hop, received.status(), place)
                    .ok_or_else(|| failed("the redirect's location is not a URL"))?;
            }
        }
    }
    Err(failed(format_args!("more than {HOPS_MAX} redirects")))
}

async fn send(
    client: &AppClient,
    limits: FetchLimits<'_>,
    hop: &Hop,
    upload: &mut Upload,
) -> Result<Response<Incoming>, GuestError> {
    check(&hop.url, limits)?;
    let mut target = hop.url.clone();
    target.set_fragment(None);
    let uri: Uri = target.as_str().parse().map_err(|_| failed("the URL cannot be sent"))?;
    let body = if hop.body { upload.again()? } else { Upload::none() };
    let mut request = Request::new(body);
    *request.method_mut() = hop.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = hop.headers.clone();
    match tokio::time::timeout(HEAD_TIMEOUT, client.request(request)).await {
        Ok(Ok(received)) => Ok(received),
        Ok(Err(error)) => Err(explain(&error)),
        Err(_) => Err(failed(format_args!("no answer within {} seconds", HEAD_TIMEOUT.as_secs()))),
    }
}

/// Whether a request to this URL may leave: by the app's lists and by the guard.
pub(super) fn check(url: &Url, limits: FetchLimits<'_>) -> Result<(), GuestError> {
    if !limits.lists.is_none_or(|lists| lists.permits(url)) {
        let host = url.host_str().unwrap_or_default();
        return Err(denied(format_args!("the app's egress lists do not let it reach {host}")));
    }
    check_url(url, limits.allow).map_err(|why| match why {
        Denied::Address(address) => denied(format_args!("{address} is not a public address")),
        Denied::Url(_) | Denied::Port(_) => denied(why),
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
