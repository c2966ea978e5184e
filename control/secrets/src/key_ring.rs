//! Seals values under keys of each app's own, derived from the root key.

use std::fmt;
use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::key_file::{self, RootKey};
use super::sealed::Sealed;
use crate::SecretsError;

/// The root keys. Values are sealed with the first and opened with whichever sealed them.
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

    /// From text of the key file's form; commas may stand for its line ends, so that it fits into a variable.
    ///
    /// # Errors
    /// [`SecretsError::KeyLine`].
    pub fn of_text(text: &str) -> Result<Self, SecretsError> {
        Ok(Self { keys: key_file::parse(&Zeroizing::new(text.replace(',', "\n")))? })
    }

    /// The keys' ids, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|(id, _)| id.as_str())
    }

    /// The id of the key that seals.
    pub fn current_id(&self) -> &str {
        // A ring always has a key: an empty file is refused.
        self.ids().next().unwrap_or_default()
    }

    /// Open what was sealed for this place, and seal it with the key that seals now.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`seal`](Self::seal).
    pub fn reseal(
        &self,
        app_id: &str,
        function: Option<&str>,
        name: &str,
        sealed: &str,
    ) -> Result<String, SecretsError> {
        self.seal_bytes(app_id, function, name, &self.open_bytes(app_id, function, name, sealed)?)
    }

    /// Seal a value for one place: an app, a function by its name (or the app itself), and the value's name. It can
    /// be opened for that place only. The result is printable ASCII without white space.
    ///
    /// # Errors
    /// [`SecretsError::NoRandomness`].
    pub fn seal(
        &self,
        app_id: &str,
        function: Option<&str>,
        name: &str,
        value: &str,
    ) -> Result<String, SecretsError> {
        self.seal_bytes(app_id, function, name, value.as_bytes())
    }

    /// The same of any bytes.
    ///
    /// # Errors
    /// [`SecretsError::NoRandomness`].
    pub fn seal_bytes(
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
        Ok(Sealed { key_id: id.clone(), nonce, ciphertext }.to_string())
    }

    /// Open what was sealed for this place.
    ///
    /// # Errors
    /// [`SecretsError::UnknownKey`] and [`SecretsError::Unreadable`].
    pub fn open(
        &self,
        app_id: &str,
        function: Option<&str>,
        name: &str,
        sealed: &str,
    ) -> Result<Zeroizing<String>, SecretsError> {
        let bytes = self.open_bytes(app_id, function, name, sealed)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| SecretsError::Unreadable)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// The same of any bytes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_bytes(
        &self,
        app_id: &str,
        function: Option<&str>,
        name: &str,
        sealed: &str,
    ) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
        let Sealed { key_id, nonce, ciphertext } = sealed.parse()?;
        let (id, root) = self
            .keys
            .iter()
            .find(|(id, _)| *id == key_id)
            .ok_or_else(|| SecretsError::UnknownKey(key_id.clone()))?;
        let mut bytes = Zeroizing::new(ciphertext);
        let opened = app_key(root, app_id)?
            .open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place(id, app_id, function, name)),
                &mut bytes,
            )
            .map_err(|_| SecretsError::Unreadable)?;
        Ok(Zeroizing::new(opened.to_vec()))
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

/// What the ciphertext is bound to. Every part comes with its length, so that no two places read the same.
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
        fn what_is_sealed_opens(app in ".{0,20}", function in proptest::option::of(".{0,20}"), name in ".{0,20}", value in ".{0,200}") {
            let ring = ring(&[("k1", 1)]);
            let sealed = ring.seal(&app, function.as_deref(), &name, &value).unwrap();
            prop_assert!(sealed.is_ascii());
            let opened = ring.open(&app, function.as_deref(), &name, &sealed).unwrap();
            prop_assert_eq!(opened.as_str(), value.as_str());
        }

        #[test]
        fn it_opens_in_no_other_place(parts in proptest::array::uniform6("[a-c|]{0,2}")) {
            let ring = ring(&[("k1", 1)]);
            let [app, function, name, other_app, other_function, other_name] = parts;
            let sealed = ring.seal(&app, Some(&function), &name, "secret").unwrap();
            let same = (&app, &function, &name) == (&other_app, &other_function, &other_name);
            let opened = ring.open(&other_app, Some(&other_function), &other_name, &sealed);
            prop_assert_eq!(opened.is_ok(), same);
            prop_assert!(ring.open(&app, None, &name, &sealed).is_err());
        }

        #[test]
        fn no_changed_or_cut_text_opens(value in ".{0,40}", at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_.-]") {
            let ring = ring(&[("k1", 1)]);
            let sealed = ring.seal("app", None, "NAME", &value).unwrap();
            let at = at.index(sealed.len());
            prop_assert!(ring.open("app", None, "NAME", &sealed[..at]).is_err());
            let changed = format!("{}{letter}{}", &sealed[..at], &sealed[at + 1..]);
            prop_assert_eq!(ring.open("app", None, "NAME", &changed).is_ok(), changed == sealed);
        }
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let old = ring(&[("k1", 1)]);
        let both = ring(&[("k2", 2), ("k1", 1)]);
        let new = ring(&[("k2", 2)]);
        let sealed = old.seal("app", None, "NAME", "value").unwrap();
        assert_eq!((both.current_id(), old.current_id()), ("k2", "k1"));
        let sealed_anew = both.reseal("app", None, "NAME", &sealed).unwrap();
        assert!(sealed_anew.starts_with("v1.k2."));
        assert_eq!(new.open("app", None, "NAME", &sealed_anew).unwrap().as_str(), "value");
        assert!(
            matches!(new.open("app", None, "NAME", &sealed), Err(SecretsError::UnknownKey(id)) if id == "k1")
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
    fn equal_values_are_sealed_differently() {
        let ring = ring(&[("k1", 1)]);
        let seal = || ring.seal("app", Some("hello"), "NAME", "value").unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", ring(&[("k1", 1)])), "KeyRing { ids: [\"k1\"] }");
    }
}
