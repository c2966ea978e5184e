//! Re-encryption: after the root key was rotated, encrypts with the current key what older keys had encrypted.

use std::sync::Arc;
use std::time::Duration;

use crate::app_cache::signing_key_name;
use crate::app_config::secret_name;
use crate::invoke::recording_name;
use crate::triggers::webhook::{SECRETS_NAME, delivery_name};
use mayfly_common::jobs::Job;
use mayfly_secrets::KeyRing;
use mayfly_storage::keys::secret_name as storage_key_name;
use mayfly_store::{EncryptedCursor, EncryptedPlace, EncryptedValue, Store, StoreError};
use mayfly_tenant_db::tenant::{CLAIMS_KEY, PASSWORD};

/// The job. A value that changes during the run is left alone: it was encrypted with the current key.
#[derive(Debug, Clone)]
pub struct Reencryption {
    /// The platform's tables.
    pub store: Store,
    /// Encrypts with the current key.
    pub keyring: Arc<KeyRing>,
}

/// What became of the secrets that older keys had encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reencrypted {
    /// Encrypted with the current key now.
    pub reencrypted: usize,
    /// Those that no key of the ring decrypts.
    pub undecryptable: usize,
}

impl Reencryption {
    /// Go over all secrets once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; what was done until then stays.
    pub async fn run_once(&self) -> Result<Reencrypted, StoreError> {
        let values = self.store.encrypted_values();
        let (mut done, mut cursor) = (Reencrypted::default(), EncryptedCursor::default());
        loop {
            let page = values.not_by(self.keyring.current_id(), &mut cursor).await?;
            if page.is_empty() {
                return Ok(done);
            }
            for value in page {
                match self.reencrypt(&value) {
                    Ok(encrypted) => {
                        done.reencrypted += usize::from(values.replace(&value, &encrypted).await?)
                    }
                    Err(error) => {
                        tracing::error!(%error, app = value.app_id, place = ?value.place, "cannot decrypt a stored secret");
                        done.undecryptable += 1;
                    }
                }
            }
        }
    }

    fn reencrypt(&self, value: &EncryptedValue) -> Result<String, mayfly_secrets::SecretsError> {
        let (function, name) = match &value.place {
            EncryptedPlace::Variable { function, name } => {
                (function.as_ref().map(|(_, function)| function.as_str()), name.clone())
            }
            EncryptedPlace::ClaimsKey => (None, CLAIMS_KEY.to_owned()),
            EncryptedPlace::Password => (None, PASSWORD.to_owned()),
            EncryptedPlace::SigningKey { kid } => (None, signing_key_name(kid)),
            EncryptedPlace::Issuer { issuer } => (None, secret_name(issuer)),
            EncryptedPlace::Recording { invocation_id } => (None, recording_name(invocation_id)),
            EncryptedPlace::StorageKey { id } => (None, storage_key_name(id)),
            EncryptedPlace::Webhook { function: (_, function) } => {
                (Some(function.as_str()), SECRETS_NAME.to_owned())
            }
            EncryptedPlace::Delivery { function, id } => (Some(function.as_str()), delivery_name(id)),
        };
        self.keyring.reencrypt(&value.app_id, function, &name, &value.encrypted)
    }
}

impl Job for Reencryption {
    const NAME: &'static str = "reencryption";
    // What is written later is encrypted with the current key: a second run finds nothing, unless a node with older
    // keys was still running at the first.
    const EVERY: Duration = Duration::from_secs(60 * 60);
    const FIRST: Duration = Duration::ZERO;
    const RETRY: Duration = Duration::from_secs(30);
    type Error = StoreError;

    async fn run(&self) -> Result<(), StoreError> {
        let done = self.run_once().await?;
        if done != Reencrypted::default() {
            let Reencrypted { reencrypted, undecryptable } = done;
            let key = self.keyring.current_id();
            tracing::info!(reencrypted, undecryptable, key, "re-encrypted secrets with the current key");
        }
        Ok(())
    }
}
