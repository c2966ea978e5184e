//! Responses to requests with an `Idempotency-Key`: who runs, and what was answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mayfly_runtime::providers::GuestError;
use uuid::Uuid;

use super::checkout::Checkout;
use super::credentials::{ProvenCall, TenantCredentials};
use super::database::AppDatabase;
use super::encode::Param;
use super::statement::UserStatement;
use super::transaction::AppTransaction;
use crate::wire::{Field, RowSink, Values, WireError};

const BEGIN: &str = "SELECT state, response FROM mayfly.response_begin($1, $2, $3, $4, $5, $6::float8, $7)";
const SETTLE: &str = "SELECT mayfly.response_settle($1, $2, $3, $4, $5, $6::float8, $7)::int";

/// The longest stored response, in bytes.
pub const RESPONSE_BYTES_MAX: usize = 2 << 20;

/// A request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// The function.
    pub function: String,
    /// Whose key it is: two callers' keys are never the same.
    pub caller: String,
    /// The key.
    pub key: String,
    /// What another request with the key has to equal.
    pub fingerprint: String,
}

/// What is known of a request's key.
#[derive(Debug)]
pub enum KeyState {
    /// It is this request's now.
    Mine(ResponseHold),
    /// A request with it runs.
    Running,
    /// It is of a request that is not the same.
    Mismatch,
    /// It was answered with this.
    Done(String),
}

/// The right to answer under a key. Dropped without an answer, it expires.
#[derive(Debug)]
pub struct ResponseHold {
    database: Arc<AppDatabase>,
    request: KeyedRequest,
    token: String,
}

/// Take the request's key for as long as the request may run, or find what is known of it.
pub(crate) async fn begin(
    database: Arc<AppDatabase>,
    request: KeyedRequest,
    lease: Duration,
) -> Result<KeyState, GuestError> {
    let token = Uuid::new_v4().simple().to_string();
    let hold = ResponseHold { database, request, token };
    let (mut checkout, credentials) = hold.database.checkout_with_credentials().await?;
    let proof = hold.proof(&credentials, &mut checkout)?;
    let KeyedRequest { function, caller, key, fingerprint } = &hold.request;
    let lease = lease.as_secs_f64().to_string();
    let params = [function, caller, key, fingerprint, &hold.token, &lease, &proof].map(|text| param(text));
    let row = ask(&mut checkout, BEGIN, &params).await?;
    drop(checkout);
    match (row.first.as_deref(), row.second) {
        (Some("mine"), _) => Ok(KeyState::Mine(hold)),
        (Some("mismatch"), _) => Ok(KeyState::Mismatch),
        (Some("done"), Some(response)) => Ok(KeyState::Done(response)),
        _ => Ok(KeyState::Running),
    }
}

impl ResponseHold {
    /// Keep the response for that long. `false`: another request has taken the key over.
    ///
    /// # Errors
    /// Those of `ctx.db`.
    pub async fn keep(&self, response: &str, keep: Duration) -> Result<bool, GuestError> {
        self.settle(Some(response), keep).await
    }

    /// Free the key: nothing was done that is to be kept.
    ///
    /// # Errors
    /// Those of `ctx.db`. The key is free after its lease.
    pub async fn release(&self) -> Result<(), GuestError> {
        self.settle(None, Duration::ZERO).await.map(|_| ())
    }

    async fn settle(&self, response: Option<&str>, keep: Duration) -> Result<bool, GuestError> {
        let (mut checkout, credentials) = self.database.checkout_with_credentials().await?;
        let proof = self.proof(&credentials, &mut checkout)?;
        let row = ask(&mut checkout, SETTLE, &self.params(response, keep, &proof)).await?;
        Ok(row.first.as_deref() == Some("1"))
    }

    /// Keep the response in the invocation's own transaction.
    pub(super) async fn keep_within(
        &self,
        transaction: &mut AppTransaction,
        credentials: &TenantCredentials,
        response: &str,
        keep: Duration,
    ) -> Result<bool, GuestError> {
        let proof = self.proof(credentials, transaction.checkout())?;
        let mut row = TwoTexts::default();
        transaction.exchange(SETTLE, &self.params(Some(response), keep, &proof), &mut row).await?;
        Ok(row.first.as_deref() == Some("1"))
    }

    fn proof(&self, credentials: &TenantCredentials, checkout: &mut Checkout) -> Result<String, GuestError> {
        let KeyedRequest { function, caller, key, .. } = &self.request;
        let of = format!("{function}\n{caller}");
        Ok(credentials.proof(ProvenCall::Response, [&of, key], checkout.process_id()?))
    }

    fn params(&self, response: Option<&str>, keep: Duration, proof: &str) -> [Param; 7] {
        let KeyedRequest { function, caller, key, .. } = &self.request;
        [
            param(function),
            param(caller),
            param(key),
            param(&self.token),
            response.and_then(param),
            param(&keep.as_secs_f64().to_string()),
            param(proof),
        ]
    }
}

fn param(text: &str) -> Param {
    Some(text.as_bytes().to_vec())
}

async fn ask(checkout: &mut Checkout, sql: &str, params: &[Param]) -> Result<TwoTexts, GuestError> {
    let request = UserStatement { user: None, sql, params };
    let mut row = TwoTexts::default();
    checkout.within_time(async |checkout| checkout.run(&request, &mut row).await).await?;
    Ok(row)
}

/// The one row that the functions return: a text, and for one of them another.
#[derive(Debug, Default)]
struct TwoTexts {
    first: Option<String>,
    second: Option<String>,
}

impl RowSink for TwoTexts {
    fn fields(&mut self, _fields: Vec<Field>) {}

    fn row(&mut self, row: Bytes) -> Result<(), WireError> {
        let text = |bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned();
        let mut values = Values::of(row)?;
        self.first = values.next()?.flatten().map(text);
        self.second = values.next()?.flatten().map(text);
        Ok(())
    }

    fn bytes_left(&self) -> usize {
        RESPONSE_BYTES_MAX + (1 << 10)
    }
}
