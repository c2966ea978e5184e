//! Storage: the S3 endpoint with real clients and by hand, upload triggers, `ctx.storage`, faults.

mod clients;
mod endpoint;
mod faults;
mod functions;
mod places;
mod uploads;

use ring::{digest, hmac};
use serde_json::{Value, json};
use support::app::TestApp;
use support::client::{Answer, Ask};

/// An access key of an app.
#[derive(Debug, Clone)]
struct Access {
    app: TestApp,
    endpoint: String,
    id: String,
    secret: String,
}

impl Access {
    async fn of(app: &TestApp) -> Self {
        Self::with(app, json!({})).await
    }

    async fn with(app: &TestApp, fields: Value) -> Self {
        let made = app.manage("POST", "/storage/keys").json(fields).ok().await;
        let text = |member: &str| made[member].as_str().expect(member).to_owned();
        let (endpoint, id, secret) = (text("endpoint"), text("access_key_id"), text("secret_access_key"));
        Self { app: app.clone(), endpoint, id, secret }
    }

    /// An app with a bucket and a key.
    async fn with_bucket(bucket: &str) -> Self {
        let app = TestApp::new().await;
        app.manage("POST", "/storage/buckets").json(json!({ "name": bucket })).ok().await;
        Self::of(&app).await
    }

    /// A signed request; `path` is what follows the endpoint, as it is sent, with its query in canonical order.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Ask {
        let sha256 = hex(digest::digest(&digest::SHA256, body.as_ref()).as_ref());
        self.ask_of(method, path, headers, body, &sha256)
    }

    /// The same, with this said of the body.
    fn ask_of(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
        payload: &str,
    ) -> Ask {
        let path = format!("{}{path}", self.app.path("/s3"));
        let (uri, query) = path.split_once('?').unwrap_or((&path, ""));
        let date = chrono::Utc::now().format("%Y%m%dT%H%M%SZ").to_string();
        let host = self.app.client.address().to_string();
        let own = [("host", host.as_str()), ("x-amz-content-sha256", payload), ("x-amz-date", &date)];
        let mut all: Vec<(&str, &str)> = own.iter().chain(headers).copied().collect();
        all.sort_unstable();
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = all.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("{method}\n{uri}\n{query}\n{lines}\n{names}\n{payload}");
        let scope = format!("{}/us-east-1/s3/aws4_request", &date[..8]);
        let digest = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [&date[..8], "us-east-1", "s3", "aws4_request"] {
            key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec();
        }
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
        let signature = hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes()).as_ref());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.id
        );
        let mut ask = self.app.client.ask(method, &path).header("authorization", &authorization);
        for (name, value) in own.iter().skip(1).chain(headers) {
            ask = ask.header(name, value);
        }
        ask.body(body.as_ref().to_vec())
    }

    async fn put(&self, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) {
        let answer = self.ask("PUT", path, headers, body).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").send().await
    }

    /// What the app stores: objects and bytes.
    async fn used(&self) -> (u64, u64) {
        let shown = self.app.manage("GET", "/storage").ok().await;
        (shown["objects"].as_u64().unwrap(), shown["bytes"].as_u64().unwrap())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The status and code of an answer of S3.
fn s3_error(answer: &Answer) -> (u16, String) {
    let text = answer.text();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    (answer.status, code.map(|(code, _)| code.to_owned()).unwrap_or_default())
}
