//! `KeyRing`: encrypts values under a key per app, derived from the root key.

use std::fmt;
use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::encrypted::Encrypted;
use super::key_file::{self, RootKey};
use crate::SecretsError;

/// The root keys. Values are encrypted with the first, and decrypted with the one that encrypted them.
pub struct KeyRing {
    keys: Vec<(String, RootKey)>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("ids", &self.ids().collect::<Vec<_>>()).finish()
    }
}

impl KeyRing {
    /// From the key file; a missing one is made, with mode 0600.
    ///
    /// # Errors
    /// [`SecretsError::KeyFile`] and [`SecretsError::KeyLine`].
    pub fn load_or_create(path: &Path) -> Result<Self, SecretsError> {
        Ok(Self { keys: key_file::load_or_create(path)? })
    }

    /// From text of the key file's form; commas may replace its line ends, so that it fits into a variable.
    ///
    /// # Errors
    /// [`SecretsError::KeyLine`].
    pub fn of_text(text: &str) -> Result<Self, SecretsError> {
        Ok(Self { keys: key_file::parse(&Zeroizing::new(text.replace(',', "\n")))? })
    }

    /// The keys' ids, the one that encrypts first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|(id, _)| id.as_str())
    }

    /// The id of the key that encrypts.
    pub fn current_id(&self) -> &str {
        // A ring always has a key: an empty file is refused.
        self.ids().next().unwrap_or_default()
    }

    /// Decrypts a value that was encrypted for this place, and encrypts it with the current key.
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt) and [`encrypt`](Self::encrypt).
    pub fn reencrypt(
        &self,
        app_id: &str,
        function: Option<&str>,
        name: &str,
        encrypted: &str,
    ) -> Result<String, SecretsError> {
        self.encrypt_bytes(app_id, function, name, &self.decrypt_bytes(app_id, function, name, encrypted)?)
    }

    /// Encrypts a value for one place: an app, a function by its name (or the app itself), and the value's name. It can
    /// be decrypted for that place only. The result is printable ASCII without white space.
    ///
    /// # Errors
    /// [`SecretsError::NoRandomness`].
    pub fn encrypt(
        &self,
        app_id: &str,
        function: Option<&str>,
        name: &str,
        value: &str,
    ) -> Result<String, SecretsError> {
        self.encrypt_bytes(app_id, function, name, value.as_bytes())
    }

    /// Encrypts any bytes, as [`encrypt`](Self::encrypt).
    ///
    /// # Errors
    /// [`SecretsError::NoRandomness`].
    pub fn encrypt_bytes(
        &self,
        app_id: &str,
        function: Option<&str>,
        name: &str,
        value: &[u8],
    ) -> Result<String, SecretsError> {
        // A ring always has a key: an empty file is refused.
        let (id, root) = self.keys.first().ok_or_else(|| SecretsError::UnknownKey(String::new()))?;
        let mut nonce = [0_u8; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| SecretsError::NoRandomness)?;
        let mut ciphertext = value.to_vec();
        app_key(root, app_id)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place(id, app_id, function, name)),
                &mut ciphertext,
            )
            .map_err(|_| SecretsError::Unreadable)?;
        Ok(Encrypted { key_id: id.clone(), nonce, ciphertext }.to_string())
    }

    /// Decrypts a value that was encrypted for this place.
    ///
    /// # Errors
    /// [`SecretsError::UnknownKey`] and [`SecretsError::Unreadable`].
    pub fn decrypt(
        &self,
        app_id: &str,
        function: Option<&str>,
        name: &str,
        encrypted: &str,
    ) -> Result<Zeroizing<String>, SecretsError> {
        let bytes = self.decrypt_bytes(app_id, function, name, encrypted)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| SecretsError::Unreadable)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Decrypts any bytes, as [`decrypt`](Self::decrypt).
    ///
    /// # Errors
    /// As [`decrypt`](Self::decrypt).
    pub fn decrypt_bytes(
        &self,
        app_id: &str,
        function: Option<&str>,
        name: &str,
        encrypted: &str,
    ) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
        let Encrypted { key_id, nonce, ciphertext } = encrypted.parse()?;
        let (id, root) = self
            .keys
            .iter()
            .find(|(id, _)| *id == key_id)
            .ok_or_else(|| SecretsError::UnknownKey(key_id.clone()))?;
        let mut bytes = Zeroizing::new(ciphertext);
        let decrypted = app_key(root, app_id)?
            .open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place(id, app_id, function, name)),
                &mut bytes,
            )
            .map_err(|_| SecretsError::Unreadable)?;
        Ok(Zeroizing::new(decrypted.to_vec()))
    }
}

/// A key of the app's own: no two apps share one, so that the random nonces of all of them never add up.
fn app_key(root: &RootKey, app_id: &str) -> Result<LessSafeKey, SecretsError> {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            AES_256_GCM.key_len()
        }
    }
    let mut key = Zeroizing::new([0_u8; 32]);
    Salt::new(HKDF_SHA256, app_id.as_bytes())
        .extract(root.as_ref())
        .expand(&[b"mayfly secrets v1"], Length)
        .and_then(|okm| okm.fill(key.as_mut()))
        .and_then(|()| UnboundKey::new(&AES_256_GCM, key.as_ref()))
        .map(LessSafeKey::new)
        .map_err(|_| SecretsError::Unreadable)
}

/// What the ciphertext is bound to. Every part comes with its length, so that no two places have the same bytes.
fn place(key_id: &str, app_id: &str, function: Option<&str>, name: &str) -> Vec<u8> {
    let mut place = b"v1".to_vec();
    let kind = if function.is_some() { "function" } else { "app" };
    for part in [key_id, app_id, kind, function.unwrap_or(""), name] {
        place.push(b'|');
        place.extend_from_slice(&(part.len() as u64).to_be_bytes());
        place.extend_from_slice(part.as_bytes());
    }
    place
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ring(ids: &[(&str, u8)]) -> KeyRing {
        KeyRing {
            keys: ids.iter().map(|(id, byte)| ((*id).to_owned(), Zeroizing::new([*byte; 32]))).collect(),
        }
    }

    proptest! {
        #[test]
        fn what_is_encrypted_decrypts(app in ".{0,20}", function in proptest::option::of(".{0,20}"), name in ".{0,20}", value in ".{0,200}") {
            let ring = ring(&[("k1", 1)]);
            let encrypted = ring.encrypt(&app, function.as_deref(), &name, &value).unwrap();
            prop_assert!(encrypted.is_ascii());
            let decrypted = ring.decrypt(&app, function.as_deref(), &name, &encrypted).unwrap();
            prop_assert_eq!(decrypted.as_str(), value.as_str());
        }

        #[test]
        fn it_decrypts_in_no_other_place(parts in proptest::array::uniform6("[a-c|]{0,2}")) {
            let ring = ring(&[("k1", 1)]);
            let [app, function, name, other_app, other_function, other_name] = parts;
            let encrypted = ring.encrypt(&app, Some(&function), &name, "secret").unwrap();
            let same = (&app, &function, &name) == (&other_app, &other_function, &other_name);
            let decrypted = ring.decrypt(&other_app, Some(&other_function), &other_name, &encrypted);
            prop_assert_eq!(decrypted.is_ok(), same);
            prop_assert!(ring.decrypt(&app, None, &name, &encrypted).is_err());
        }

        #[test]
        fn no_changed_or_cut_text_decrypts(value in ".{0,40}", at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_.-]") {
            let ring = ring(&[("k1", 1)]);
            let encrypted = ring.encrypt("app", None, "NAME", &value).unwrap();
            let at = at.index(encrypted.len());
            prop_assert!(ring.decrypt("app", None, "NAME", &encrypted[..at]).is_err());
            let changed = format!("{}{letter}{}", &encrypted[..at], &encrypted[at + 1..]);
            prop_assert_eq!(ring.decrypt("app", None, "NAME", &changed).is_ok(), changed == encrypted);
        }
    }

    #[test]
    fn the_first_key_encrypts_and_all_decrypt() {
        let old = ring(&[("k1", 1)]);
        let both = ring(&[("k2", 2), ("k1", 1)]);
        let new = ring(&[("k2", 2)]);
        let encrypted = old.encrypt("app", None, "NAME", "value").unwrap();
        assert_eq!((both.current_id(), old.current_id()), ("k2", "k1"));
        let reencrypted = both.reencrypt("app", None, "NAME", &encrypted).unwrap();
        assert!(reencrypted.starts_with("v1.k2."));
        assert_eq!(new.decrypt("app", None, "NAME", &reencrypted).unwrap().as_str(), "value");
        assert!(
            matches!(new.decrypt("app", None, "NAME", &encrypted), Err(SecretsError::UnknownKey(id)) if id == "k1")
        );
    }

    #[test]
    fn a_ring_comes_from_a_variable_too() {
        let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [7_u8; 32]);
        let ring = KeyRing::of_text(&format!("k2:{key},k1:{key}")).unwrap();
        assert_eq!(ring.ids().collect::<Vec<_>>(), ["k2", "k1"]);
        assert!(KeyRing::of_text("").is_err() && KeyRing::of_text("k1:short").is_err());
    }

    #[test]
    fn equal_values_are_encrypted_differently() {
        let ring = ring(&[("k1", 1)]);
        let encrypt = || ring.encrypt("app", Some("hello"), "NAME", "value").unwrap();
        assert_ne!(encrypt(), encrypt());
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", ring(&[("k1", 1)])), "KeyRing { ids: [\"k1\"] }");
    }
}
