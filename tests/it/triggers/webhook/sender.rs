//! `mayfly webhook send`: what it signs is verified by triggers, and by the providers' own libraries.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use clap::Parser as _;
use mayfly_control::cli::{Cli, Exit, dispatch};
use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{deliveries, trigger, with_function};
use crate::npm;

const OK: &str = "export default async (req) => new Response(await req.text())";
const STANDARD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The private and the public half of RFC 8032's second example.
const PRIVATE: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const PUBLIC: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

async fn mayfly(args: &[&str]) -> Exit {
    let args = [&["mayfly", "webhook"], args].concat();
    dispatch(Cli::try_parse_from(args).unwrap_or_else(|error| panic!("{error}"))).await
}

async fn send(app: &TestApp, args: &[&str]) -> Exit {
    let url = format!("http://{}", app.client.address());
    let at = ["--to", "hook", "--url", &url, "--app", &app.id];
    mayfly(&[&["send"], args, &at].concat()).await
}

#[test]
fn every_providers_sample_is_verified_and_run_once() {
    run(async {
        for (sender, provider, secret, known) in [
            ("stripe", "stripe", "whsec_x", "whsec_x"),
            ("github", "github", "secret", "secret"),
            ("slack", "slack", "secret", "secret"),
            ("twilio", "twilio", "token", "token"),
            ("discord", "discord", PRIVATE, PUBLIC),
            ("telegram", "telegram", "token", "token"),
            ("shopify", "shopify", "secret", "secret"),
            ("standard", "standard", STANDARD, STANDARD),
            ("svix", "standard", STANDARD, STANDARD),
            ("custom", "custom", "secret", "secret"),
        ] {
            let app = with_function(OK, trigger(json!({ "provider": provider, "secret": known }))).await;
            for _ in 0..2 {
                let sent = send(&app, &[sender, "--secret", secret, "--id", "1234567"]).await;
                assert_eq!(sent, Exit::Ok, "{sender}");
            }
            let all = deliveries(&app).await;
            let expected = if sender == "custom" { (2, 0) } else { (1, 1) };
            let first = &all[0];
            assert_eq!((all.len(), first["duplicates"].as_u64().unwrap()), expected, "{sender}: {all:?}");
            assert_eq!((&first["state"], &first["provider"]), (&json!("done"), &json!(provider)));
            if sender != "custom" {
                assert_eq!(first["provider_id"], "1234567", "{sender}");
            }
            let wrong = if secret.len() == 64 { "00".repeat(32) } else { "AAAA".to_owned() };
            assert_eq!(send(&app, &[sender, "--secret", &wrong]).await, Exit::Auth, "{sender}");
        }
    });
}

#[test]
fn a_sample_can_be_old_of_another_event_and_of_ones_own() {
    run(async {
        let app = with_function(OK, trigger(json!({ "provider": "stripe", "secret": "whsec_x" }))).await;
        let secret = ["--secret", "whsec_x"];
        let with = |args: &[&'static str]| [&["stripe"], args, &secret].concat();
        assert_eq!(send(&app, &with(&["--age", "400"])).await, Exit::Auth);
        assert_eq!(send(&app, &with(&["--age", "-400"])).await, Exit::Auth);
        assert_eq!(send(&app, &with(&["invoice.paid", "--age", "200"])).await, Exit::Ok);
        assert_eq!(send(&app, &with(&["--data", "{\"id\":\"evt_mine\"}"])).await, Exit::Ok);
        assert_eq!(deliveries(&app).await[0]["provider_id"], "evt_mine");
        assert_eq!(send(&app, &["paypal", "--secret", "x"]).await, Exit::Usage);
        assert_eq!(send(&app, &["stripe"]).await, Exit::Usage, "no secret is known");
        assert_eq!(send(&app, &["discord", "--secret", "x"]).await, Exit::Usage);
        let url = format!("http://{}", app.client.address());
        let at = ["--url", &url, "--app", &app.id, "--key", &app.service_key];
        let id = deliveries(&app).await[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(mayfly(&[&["list", "hook", "--state", "done"][..], &at].concat()).await, Exit::Ok);
        assert_eq!(mayfly(&[&["list", "hook", "--state", "lost"][..], &at].concat()).await, Exit::Validation);
        assert_eq!(mayfly(&[&["get", "hook", &id][..], &at].concat()).await, Exit::Ok);
        assert_eq!(mayfly(&[&["replay", "hook", &id][..], &at].concat()).await, Exit::Ok);
        assert_eq!(mayfly(&[&["get", "hook", "whd_none"][..], &at].concat()).await, Exit::NotFound);
    });
}

/// What one `send` puts on the wire: headers and body.
async fn captured(sender: &str, secret: &str) -> (String, BTreeMap<String, String>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut text = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            let read = stream.read(&mut buffer).await.unwrap();
            text.extend_from_slice(&buffer[..read]);
            let all = String::from_utf8(text.clone()).unwrap();
            let Some((head, body)) = all.split_once("\r\n\r\n") else { continue };
            let headers: BTreeMap<String, String> = head
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            if body.len() == headers["content-length"].parse::<usize>().unwrap() {
                let answer = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                stream.write_all(answer.as_bytes()).await.unwrap();
                return (headers, body.to_owned());
            }
        }
    });
    let app = "app_0123456789ab";
    let args = ["send", sender, "--secret", secret, "--to", "hook", "--url", &base, "--app", app];
    assert_eq!(mayfly(&args).await, Exit::Ok);
    let (headers, body) = server.await.unwrap();
    (format!("{base}/v1/{app}/webhook/hook"), headers, body)
}

#[test]
fn the_providers_own_libraries_verify_what_is_sent() {
    let Some(folder) = npm::folder("webhook-sdks") else { return };
    run(async {
        for (provider, secret) in [
            ("stripe", "whsec_x"),
            ("github", "secret"),
            ("standard", STANDARD),
            ("svix", STANDARD),
            ("twilio", "token"),
        ] {
            let (url, headers, body) = captured(provider, secret).await;
            let verified = |body: &str| {
                let input = json!({ "provider": provider, "secret": secret, "url": url, "headers": headers, "body": body });
                let mut node = Command::new("node")
                    .arg("verify.mjs")
                    .current_dir(&folder)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                node.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
                let output = node.wait_with_output().unwrap();
                serde_json::from_slice::<Value>(&output.stdout).unwrap()
            };
            assert_eq!(verified(&body), true, "{provider}: {headers:?} {body}");
            assert_ne!(verified(&format!("{body}&x=1")), true, "{provider}: another body");
        }
    });
}
