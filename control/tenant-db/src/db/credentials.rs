//! The credentials of an app's database: the logins' password, and the key that signs claims.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mayfly_runtime::providers::{BoxFuture, GuestError};
use ring::hmac;
use zeroize::Zeroizing;

use super::limits::DbLimits;
use crate::identity::Privilege;
use crate::wire::Login;
use mayfly_common::clock;
use mayfly_postgres::PostgresEndpoint;

/// For how long a signature is good. It outlives the longest transaction, and host and server may differ in time.
const CLAIMS_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The credentials of one app's database.
pub(crate) struct TenantCredentials {
    app_id: String,
    key: hmac::Key,
    password: Zeroizing<String>,
    /// The database is larger than it may be: functions only read it.
    read_only: bool,
}

impl fmt::Debug for TenantCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantCredentials").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// The setting of a session that makes its transactions read only.
const READ_ONLY: &str = "default_transaction_read_only";

/// Finds the credentials of an app's database.
pub(crate) trait CredentialResolver: Send + Sync {
    /// Fails for an app that does not exist, is not ready, or is being deleted.
    fn resolve(&self, app_id: &str) -> BoxFuture<'_, Result<Arc<TenantCredentials>, GuestError>>;
}

impl TenantCredentials {
    pub(crate) fn new(app_id: &str, claims_key: &[u8], password: Zeroizing<String>, read_only: bool) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, claims_key);
        Self { app_id: app_id.to_owned(), key, password, read_only }
    }

    /// What a session of this app starts with.
    pub(crate) fn settings(&self, privilege: Privilege, limits: &DbLimits) -> Vec<(&'static str, String)> {
        let mut settings = session_settings(privilege, limits);
        // Not the owner's: something has to be deleted.
        if self.read_only && privilege != Privilege::Owner {
            settings.retain(|(name, _)| *name != READ_ONLY);
            settings.push((READ_ONLY, "on".to_owned()));
        }
        settings
    }

    pub(crate) fn app_id(&self) -> &str {
        &self.app_id
    }

    /// `<hex of the subject>.<backend>.<expiry>.<hex of the MAC>`: it names one end user, on one connection, for a
    /// while. Of the characters `[0-9a-f.]` only, so that it needs no quoting in SQL text.
    pub(crate) fn claims(&self, subject: &str, process_id: i32) -> String {
        let signed = format!("{}.{process_id}.{}", hex::encode(subject), expiry());
        format!("{signed}.{}", self.mac(&signed))
    }

    /// `<expiry>.<hex of the MAC>`: with it, one function of ours may be called for these two texts, on one connection,
    /// for a while. What is signed begins with a word that is no subject's hex: it can never pass for claims, nor they
    /// for it.
    pub(crate) fn proof(&self, word: ProvenCall, texts: [&str; 2], process_id: i32) -> String {
        let (expiry, word, [first, second]) = (expiry(), word.word(), texts.map(hex::encode));
        let signed = format!("{word}.{process_id}.{expiry}.{first}.{second}");
        format!("{expiry}.{}", self.mac(&signed))
    }

    fn mac(&self, text: &str) -> String {
        hex::encode(hmac::sign(&self.key, text.as_bytes()))
    }

    /// For servers that want one.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }

    /// The database's name is the app's id.
    pub(crate) fn login<'a>(
        &'a self,
        endpoint: &'a PostgresEndpoint,
        user: &'a str,
        settings: &'a [(&'a str, String)],
    ) -> Login<'a> {
        let password = (!endpoint.is_managed()).then_some(self.password.as_str());
        Login { endpoint, database: &self.app_id, user, password, settings }
    }
}

/// What a proof is for: those of one kind are no good for the other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ProvenCall {
    /// Taking an idempotency key in a scope, and storing its result.
    Idempotency,
    /// Storing a job for a function, with a key.
    Queue,
    /// Taking a request's key for a function and caller, and storing the response.
    Response,
    /// Changing the app's schema: the kind of the change, and the key that it came with.
    Change,
}

impl ProvenCall {
    fn word(self) -> &'static str {
        match self {
            Self::Idempotency => "idempotency",
            Self::Queue => "queue",
            Self::Response => "response",
            Self::Change => "change",
        }
    }
}

/// When what is signed now is not believed any more, in seconds since 1970.
fn expiry() -> u64 {
    (Duration::from_millis(clock::now_ms()) + CLAIMS_LIFETIME).as_secs()
}

/// The settings that a session starts with, and that every kind of reset restores.
fn session_settings(privilege: Privilege, limits: &DbLimits) -> Vec<(&'static str, String)> {
    let millis = |duration: Duration| duration.as_millis().to_string();
    let statement_timeout = match privilege {
        Privilege::Owner => limits.script_timeout,
        Privilege::Service | Privilege::User | Privilege::Anon => limits.statement_timeout,
    };
    // A plan for all parameters would also be one for all users: what a function that is wrongly called IMMUTABLE
    // returned for one of them would be part of it.
    let plan_cache_mode = if privilege == Privilege::Service { "auto" } else { "force_custom_plan" };
    vec![
        ("plan_cache_mode", plan_cache_mode.to_owned()),
        ("role", privilege.group().to_owned()),
        ("application_name", "mayfly".to_owned()),
        ("search_path", "public".to_owned()),
        ("row_security", "on".to_owned()),
        ("default_transaction_isolation", "read committed".to_owned()),
        (READ_ONLY, "off".to_owned()),
        ("statement_timeout", millis(statement_timeout)),
        ("lock_timeout", millis(limits.lock_timeout)),
        ("idle_in_transaction_session_timeout", millis(limits.idle_in_transaction_timeout)),
        ("work_mem", "8MB".to_owned()),
        ("maintenance_work_mem", "64MB".to_owned()),
        // How values are written: results are read by these rules.
        ("DateStyle", "ISO".to_owned()),
        ("IntervalStyle", "postgres".to_owned()),
        ("TimeZone", "UTC".to_owned()),
        ("bytea_output", "hex".to_owned()),
        ("extra_float_digits", "1".to_owned()),
        ("standard_conforming_strings", "on".to_owned()),
        ("client_min_messages", "error".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_need_no_quoting_and_name_the_connection() {
        let credentials =
            TenantCredentials::new("app_0123456789ab", &[7; 32], Zeroizing::new(String::new()), false);
        let claims = credentials.claims("o'brien \u{1f600}", 42);
        assert!(claims.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'.'), "{claims}");
        let parts: Vec<_> = claims.split('.').collect();
        assert_eq!(hex::decode(parts[0]).unwrap(), "o'brien \u{1f600}".as_bytes());
        assert_eq!((parts[1], parts.len(), parts[3].len()), ("42", 4, 64));
    }
}
