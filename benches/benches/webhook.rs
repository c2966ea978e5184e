//! What does a signed webhook add to the time of its function: signature, inbox, duplicates, outcome?

use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use mayfly_benches::figures;
use mayfly_benches::server::{Client, Server};
use ring::hmac;

const FUNCTION: &str = "export default async (req) => Response.json((await req.json()).n)";
const SECRET: &str = "It's a Secret to Everybody";
const CALLS: usize = 2_000;

fn main() {
    mayfly_benches::run(measure());
}

async fn measure() {
    let server = Server::start().await;
    let trigger =
        serde_json::json!({ "type": "webhook", "config": { "provider": "github", "secret": SECRET } });
    server.deploy("hello", FUNCTION).await;
    server.deploy_with("hook", FUNCTION, &trigger).await;
    let mut client = server.client().await;
    let (http, webhook) = (server.path("hello"), format!("/v1/{}/webhook/hook", server.app_id));
    let mut plain = Vec::new();
    let mut signed = Vec::new();
    for n in 0..CALLS {
        // In turns: the machine's mood is the same for both.
        plain.push(call(&mut client, &http, n).await);
        signed.push(call(&mut client, &webhook, n).await);
    }
    let (plain, signed) = (median(&mut plain), median(&mut signed));
    figures::note("webhook/us of a call", plain);
    figures::note("webhook/us of a signed delivery", signed);
    println!("{plain:.0} us a call, {signed:.0} us a signed delivery: {:.0} us more", signed - plain);
    server.stop().await;
}

/// One request as GitHub sends it; its microseconds.
async fn call(client: &mut Client, path: &str, n: usize) -> f64 {
    let body = format!("{{\"n\":{n}}}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let mac = hmac::sign(&key, body.as_bytes());
    let hex: String = mac.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let request = http::Request::post(path)
        .header("host", "bench")
        .header("content-type", "application/json")
        .header("x-github-delivery", n.to_string())
        .header("x-hub-signature-256", format!("sha256={hex}"))
        .body(Full::new(Bytes::from(body)))
        .expect("the request is well formed");
    let began = Instant::now();
    let (status, answer) = client.send(request).await;
    let took = began.elapsed().as_secs_f64() * 1e6;
    assert_eq!((status, answer), (200, Bytes::from(n.to_string())), "{path}");
    took
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
