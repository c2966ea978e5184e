//! The operator's key: given by the environment, or kept in a file that only the server's user can read.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};

use super::key::{self, NoRandomness};

/// Verifies the admin key without holding it.
#[derive(Clone)]
pub struct AdminKey {
    hash: key::KeyHash,
}

/// The admin key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AdminKeyError {
    /// The file cannot be read or made.
    #[error("{path}: {cause}")]
    File { path: PathBuf, cause: io::Error },
    /// The file holds something else.
    #[error("{0} holds no admin key; remove it to have a new one made")]
    Malformed(PathBuf),
    /// None could be made.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl AdminKey {
    /// The verifier of a key.
    pub fn new(key: &str) -> Self {
        Self { hash: key::hash(key) }
    }

    /// Whether this is the key.
    pub fn verify(&self, candidate: &str) -> bool {
        // Hashes of hashes are compared: how far two of them agree tells nothing about the key.
        let twice = |hash: &key::KeyHash| digest(&SHA256, hash);
        twice(&key::hash(candidate)).as_ref() == twice(&self.hash).as_ref()
    }
}

impl std::fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminKey")
    }
}

/// Read the key from its file, or make both.
pub fn load_or_create(path: &Path) -> Result<String, AdminKeyError> {
    let failed = |cause| AdminKeyError::File { path: path.to_owned(), cause };
    match read(path) {
        Ok(text) => {
            let key = text.trim();
            if key::is_admin_shaped(key) {
                Ok(key.to_owned())
            } else {
                Err(AdminKeyError::Malformed(path.to_owned()))
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = key::new_admin()?;
            write(path, &key).map_err(failed)?;
            Ok(key)
        }
        Err(error) => Err(failed(error)),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    // A key that others may read is one no more; it is closed rather than refused.
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    let mut text = String::new();
    Read::by_ref(&mut file).take(1_024).read_to_string(&mut text)?;
    Ok(text)
}

fn write(path: &Path, key: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{key}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("admin.key");
        let made = load_or_create(&path).unwrap();
        assert_eq!(load_or_create(&path).unwrap(), made);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let verifier = AdminKey::new(&made);
        assert!(
            verifier.verify(&made) && !verifier.verify(&key::new_admin().unwrap()) && !verifier.verify("")
        );
        std::fs::write(&path, "nonsense").unwrap();
        assert!(matches!(load_or_create(&path), Err(AdminKeyError::Malformed(_))));
    }
}
