//! After another root key was put first: seals with it, in the background, whatever older ones sealed.

use std::sync::Arc;
use std::time::Duration;

use crate::app_config::secret_name;
use crate::auth::signing_key_name;
use crate::invoke::recording_name;
use mayfly_secrets::KeyRing;
use mayfly_store::{EncryptedCursor, EncryptedPlace, EncryptedValue, Store, StoreError};
use mayfly_tenant_db::tenant::{CLAIMS_KEY, PASSWORD};

/// How long to wait before the store is asked again when it could not be.
const PAUSE: Duration = Duration::from_secs(30);

/// Seals anew. A value that somebody changes meanwhile is left to them: they sealed it with their own first key.
#[derive(Debug, Clone)]
pub struct Resealing {
    /// The platform's tables.
    pub store: Store,
    /// What is sealed with now.
    pub keyring: Arc<KeyRing>,
}

/// What became of the values that older keys had sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resealed {
    /// Sealed with the present key now.
    pub resealed: usize,
    /// No key of the ring opens them.
    pub unreadable: usize,
}

impl Resealing {
    /// Go over all values once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; what was done until then stays.
    pub async fn run(&self) -> Result<Resealed, StoreError> {
        let values = self.store.encrypted_values();
        let (mut done, mut cursor) = (Resealed::default(), EncryptedCursor::default());
        loop {
            let page = values.not_by(self.keyring.current_id(), &mut cursor).await?;
            if page.is_empty() {
                return Ok(done);
            }
            for value in page {
                match self.reseal(&value) {
                    Ok(sealed) => done.resealed += usize::from(values.replace(&value, &sealed).await?),
                    Err(error) => {
                        tracing::error!(%error, app = value.app_id, place = ?value.place, "a sealed value cannot be opened");
                        done.unreadable += 1;
                    }
                }
            }
        }
    }

    fn reseal(&self, value: &EncryptedValue) -> Result<String, mayfly_secrets::SecretsError> {
        let (function, name) = match &value.place {
            EncryptedPlace::Variable { function, name } => {
                (function.as_ref().map(|(_, function)| function.as_str()), name.clone())
            }
            EncryptedPlace::ClaimsKey => (None, CLAIMS_KEY.to_owned()),
            EncryptedPlace::Password => (None, PASSWORD.to_owned()),
            EncryptedPlace::SigningKey { kid } => (None, signing_key_name(kid)),
            EncryptedPlace::Issuer { issuer } => (None, secret_name(issuer)),
            EncryptedPlace::Recording { invocation_id } => (None, recording_name(invocation_id)),
        };
        self.keyring.reencrypt(&value.app_id, function, &name, &value.encrypted)
    }

    /// Do so once, as soon as the store can be asked. What is sealed later is sealed with the present key.
    pub async fn finish(self) {
        loop {
            match self.run().await {
                Ok(done) if done == Resealed::default() => return,
                Ok(Resealed { resealed, unreadable }) => {
                    let key = self.keyring.current_id();
                    tracing::info!(resealed, unreadable, key, "what older keys had sealed is sealed anew");
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "what older keys sealed is not sealed anew yet, trying again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}
