//! Access keys of storage: made, found, revoked. A secret is shown once and kept encrypted.

use std::sync::Arc;

use mayfly_secrets::KeyRing;
use mayfly_store::{NewStorageKey, StorageKeyRow, Store};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::StorageError;

/// Keys of an app.
const KEYS_MAX: u32 = 100;
/// Begins an access key id.
const PREFIX: &str = "MFAK";
/// Letters of an access key id behind that, and of a secret: 80 and 240 random bits.
const ID_LETTERS: usize = 16;
const SECRET_LETTERS: usize = 40;

/// Access keys. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StorageKeys {
    store: Store,
    keyring: Arc<KeyRing>,
}

/// A new key, with its secret.
#[derive(Debug)]
pub struct NewAccessKey {
    /// The key.
    pub row: StorageKeyRow,
    /// Its secret.
    pub secret: Zeroizing<String>,
}

/// Under which name a key's secret is encrypted: no variable can be called so.
pub fn secret_name(id: &str) -> String {
    format!("=storage {id}")
}

impl StorageKeys {
    /// In these tables, encrypted with this ring.
    pub fn new(store: Store, keyring: Arc<KeyRing>) -> Self {
        Self { store, keyring }
    }

    /// Make a key.
    ///
    /// # Errors
    /// For one key too many, and where secrets cannot be encrypted.
    pub async fn create(
        &self,
        app: &str,
        name: Option<&str>,
        read_only: bool,
    ) -> Result<NewAccessKey, StorageError> {
        let id = format!("{PREFIX}{}", letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ID_LETTERS)?);
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let secret = Zeroizing::new(letters(alphabet, SECRET_LETTERS)?);
        let encrypted = self.keyring.encrypt(app, None, &secret_name(&id), &secret)?;
        let new = NewStorageKey { id: &id, name, secret_encrypted: &encrypted, read_only };
        let row = self.store.storage().insert_key(app, new, KEYS_MAX).await?;
        let row = row.ok_or(StorageError::TooMany("storage keys", KEYS_MAX))?;
        Ok(NewAccessKey { row, secret })
    }

    /// An app's keys.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn list(&self, app: &str) -> Result<Vec<StorageKeyRow>, StorageError> {
        Ok(self.store.storage().keys(app).await?)
    }

    /// Revoke a key. Says whether there was one.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn revoke(&self, app: &str, id: &str) -> Result<bool, StorageError> {
        Ok(self.store.storage().delete_key(app, id).await?)
    }

    /// A key of an app with its secret; `None`: it has none of that id.
    ///
    /// # Errors
    /// When the store cannot be reached, or the secret cannot be decrypted.
    pub async fn find(&self, app: &str, id: &str) -> Result<Option<NewAccessKey>, StorageError> {
        // No other id is worth a question.
        let is_id =
            id.len() == PREFIX.len() + ID_LETTERS && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_id {
            return Ok(None);
        }
        let row = self.store.storage().key(id).await?.filter(|row| row.app_id == app);
        let Some(row) = row else { return Ok(None) };
        let secret = self.keyring.decrypt(app, None, &secret_name(id), &row.secret_encrypted)?;
        Ok(Some(NewAccessKey { row, secret }))
    }
}

/// Random letters of an alphabet of 32 or 64.
fn letters(alphabet: &[u8], count: usize) -> Result<String, StorageError> {
    let mut bytes = vec![0; count];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        StorageError::Blobs(std::io::Error::other("the operating system gives no randomness"))
    })?;
    Ok(bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect())
}
