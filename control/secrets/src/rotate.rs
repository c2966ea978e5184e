//! Rotation of root keys: adds a key to the key file, makes another one current, removes one that is no longer needed.
//!
//! With several nodes, a key has to be known to all of them before the first one encrypts with it: add it everywhere,
//! then make it current.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use super::key_file;
use crate::SecretsError;

/// Why the key file stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// See [`SecretsError`].
    #[error("{0}")]
    Secrets(#[from] SecretsError),
    /// There is no such key in it.
    #[error("there is no key '{0}' in the key file")]
    Missing(String),
    /// The key is the current one: another one has to be made current before this one can be removed.
    #[error("'{0}' is the key that encrypts; let another one be used first")]
    InUse(String),
}

/// Where a new key is put in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPosition {
    /// First: it encrypts from the next start on.
    First,
    /// Last: it decrypts what other nodes encrypted with it.
    Last,
}

/// Add a key to the file, which is made when it is missing. Returns its id.
///
/// # Errors
/// [`RotateError::Secrets`].
pub fn add(path: &Path, position: KeyPosition) -> Result<String, RotateError> {
    key_file::load_or_create(path)?;
    let text = read(path)?;
    let id = free_id(&text);
    let line = key_file::new_line(&id).map_err(|source| failed(path, source))?;
    let lines = text.lines();
    let text = match position {
        KeyPosition::First => join(std::iter::once(line.as_str()).chain(lines)),
        KeyPosition::Last => join(lines.chain(std::iter::once(line.as_str()))),
    };
    write(path, &text)?;
    Ok(id)
}

/// Makes a key of the file the one that encrypts from the next start on.
///
/// # Errors
/// [`RotateError::Missing`], [`RotateError::Secrets`].
pub fn prefer(path: &Path, id: &str) -> Result<(), RotateError> {
    let text = read(path)?;
    let line = line_of(&text, id)?;
    let others = text.lines().filter(|other| *other != line);
    write(path, &join(std::iter::once(line).chain(others)))
}

/// Removes a key from the file. The caller has made sure that nothing is encrypted with it.
///
/// # Errors
/// [`RotateError::Missing`], [`RotateError::InUse`], [`RotateError::Secrets`].
pub fn remove(path: &Path, id: &str) -> Result<(), RotateError> {
    let text = read(path)?;
    let line = line_of(&text, id)?;
    if text.lines().find_map(key_file::id_of) == Some(id) {
        return Err(RotateError::InUse(id.to_owned()));
    }
    write(path, &join(text.lines().filter(|other| *other != line)))
}

fn line_of<'a>(text: &'a str, id: &str) -> Result<&'a str, RotateError> {
    text.lines()
        .find(|line| key_file::id_of(line) == Some(id))
        .ok_or_else(|| RotateError::Missing(id.to_owned()))
}

/// `k1`, `k2`, ...: the first number after all that were ever used and are still there.
fn free_id(text: &str) -> String {
    let numbers =
        text.lines().filter_map(key_file::id_of).filter_map(|id| id.strip_prefix('k')?.parse().ok());
    format!("k{}", numbers.max().unwrap_or(0_u32).saturating_add(1))
}

fn join<'a>(lines: impl Iterator<Item = &'a str>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn read(path: &Path) -> Result<Zeroizing<String>, RotateError> {
    let text = std::fs::read_to_string(path).map_err(|source| failed(path, source))?;
    key_file::parse(&text)?;
    Ok(Zeroizing::new(text))
}

/// Only what can be read again is written.
fn write(path: &Path, text: &str) -> Result<(), RotateError> {
    key_file::parse(text)?;
    Ok(key_file::replace(path, text).map_err(|source| failed(path, source))?)
}

fn failed(path: &Path, source: io::Error) -> SecretsError {
    SecretsError::KeyFile { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::KeyRing;

    fn ids(path: &Path) -> Vec<String> {
        KeyRing::load_or_create(path).unwrap().ids().map(str::to_owned).collect()
    }

    #[test]
    fn a_key_is_added_used_and_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        let old = KeyRing::load_or_create(&path).unwrap();
        let encrypted = old.encrypt("app", None, "NAME", "value").unwrap();
        assert_eq!(add(&path, KeyPosition::Last).unwrap(), "k2");
        assert_eq!(ids(&path), ["k1", "k2"]);
        prefer(&path, "k2").unwrap();
        assert_eq!(ids(&path), ["k2", "k1"]);
        assert_eq!(add(&path, KeyPosition::First).unwrap(), "k3");
        assert_eq!(ids(&path), ["k3", "k2", "k1"]);
        let ring = KeyRing::load_or_create(&path).unwrap();
        assert_eq!(ring.decrypt("app", None, "NAME", &encrypted).unwrap().as_str(), "value");
        remove(&path, "k1").unwrap();
        assert_eq!(ids(&path), ["k3", "k2"]);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn mistakes_leave_the_file_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        assert!(matches!(prefer(&path, "k1"), Err(RotateError::Secrets(_))));
        KeyRing::load_or_create(&path).unwrap();
        let before = std::fs::read_to_string(&path).unwrap();
        assert!(matches!(remove(&path, "k1"), Err(RotateError::InUse(id)) if id == "k1"));
        assert!(matches!(remove(&path, "k2"), Err(RotateError::Missing(id)) if id == "k2"));
        assert!(matches!(prefer(&path, "k2"), Err(RotateError::Missing(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
        std::fs::write(&path, "nonsense").unwrap();
        assert!(matches!(add(&path, KeyPosition::First), Err(RotateError::Secrets(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "nonsense");
    }

    #[test]
    fn comments_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        KeyRing::load_or_create(&path).unwrap();
        let text = format!("# of 2026\n{}", std::fs::read_to_string(&path).unwrap());
        std::fs::write(&path, text).unwrap();
        add(&path, KeyPosition::First).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains("\n# of 2026\nk1:"));
    }
}
