//! Small documents that the platform itself fetches on an app's behalf, such as key sets: through the same guard, with
//! limits of their own.

use std::time::Duration;

use bytes::Bytes;
use mayfly_ledger::Account;
use mayfly_runtime::providers::{BoxFuture, FetchRequest, Redirect};

use super::EgressClient;
use super::exchange;
use super::limits::FetchLimits;
use mayfly_jwt::jwks::Documents;

/// From name to last byte.
const TIMEOUT: Duration = Duration::from_secs(5);

impl EgressClient {
    /// `GET` a document of at most `bytes_max` bytes. Redirects are not followed: an owner who names an address means
    /// it.
    ///
    /// # Errors
    /// Why not, in words for the app's owner.
    async fn document(&self, app: &str, url: &str, bytes_max: usize) -> Result<Bytes, String> {
        let request = FetchRequest {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            body: None,
            redirect: Redirect::Error,
        };
        let fetch = self.for_app(app);
        let account = Account::default();
        let limits = FetchLimits {
            allow: &fetch.allow,
            lists: None,
            account: &account,
            body_bytes_max: bytes_max as u64,
        };
        let read = async {
            let answer =
                exchange::run(&fetch.client, limits, request).await.map_err(|error| error.message)?;
            if answer.status != 200 {
                return Err(format!("the answer's status is {}", answer.status));
            }
            answer.body.collect(bytes_max).await.map_err(|error| error.to_string())
        };
        tokio::time::timeout(TIMEOUT, read)
            .await
            .map_err(|_| format!("no answer within {} seconds", TIMEOUT.as_secs()))?
    }
}

impl Documents for EgressClient {
    fn get(&self, app: &str, url: &str, bytes_max: usize) -> BoxFuture<'static, Result<Bytes, String>> {
        let (this, app, url) = (self.clone(), app.to_owned(), url.to_owned());
        Box::pin(async move { this.document(&app, &url, bytes_max).await })
    }
}
