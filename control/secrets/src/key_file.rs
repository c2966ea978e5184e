//! The file of root keys: `<key id>:<base64 of 32 bytes>`, one a line, the current one first.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::SecretsError;

pub(super) const ROOT_KEY_BYTES: usize = 32;

pub(super) type RootKey = Zeroizing<[u8; ROOT_KEY_BYTES]>;

/// The keys of the file, in its order. A missing file is made, with one key in it.
pub(super) fn load_or_create(path: &Path) -> Result<Vec<(String, RootKey)>, SecretsError> {
    let failed = |source| SecretsError::KeyFile { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Ok(text) => parse(&Zeroizing::new(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create(path).map_err(failed)?;
            parse(&Zeroizing::new(fs::read_to_string(path).map_err(failed)?))
        }
        Err(error) => Err(failed(error)),
    }
}

fn create(path: &Path) -> io::Result<()> {
    let line = new_line("k1")?;
    // Written to a temporary file and linked into place: no reader ever sees half a file, and of two servers one wins.
    let temporary = write_temporary(path, &line)?;
    let placed = match fs::hard_link(&temporary, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    fs::remove_file(&temporary)?;
    placed
}

/// Replaces the file's text atomically: a concurrent reader sees the old one or the new one.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let temporary = write_temporary(path, text)?;
    fs::rename(&temporary, path).inspect_err(|_| {
        // It holds keys, and would not be removed later.
        let _ = fs::remove_file(&temporary);
    })
}

fn write_temporary(path: &Path, text: &str) -> io::Result<std::path::PathBuf> {
    let temporary = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    Ok(temporary)
}

/// A line with a new random key.
pub(super) fn new_line(id: &str) -> io::Result<Zeroizing<String>> {
    let mut key = Zeroizing::new([0_u8; ROOT_KEY_BYTES]);
    SystemRandom::new()
        .fill(key.as_mut())
        .map_err(|_| io::Error::other("the operating system gives no randomness"))?;
    Ok(Zeroizing::new(format!("{id}:{}\n", STANDARD.encode(key.as_ref()))))
}

/// The key id of a line; `None` for a comment or an empty one.
pub(super) fn id_of(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with('#') { None } else { line.split_once(':').map(|(id, _)| id) }
}

pub(super) fn parse(text: &str) -> Result<Vec<(String, RootKey)>, SecretsError> {
    let mut keys: Vec<(String, RootKey)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let bad = SecretsError::KeyLine { line: index + 1 };
        match parse_line(line) {
            Some((id, key)) if keys.iter().all(|(known, _)| *known != id) => keys.push((id, key)),
            _ => return Err(bad),
        }
    }
    if keys.is_empty() { Err(SecretsError::KeyLine { line: 1 }) } else { Ok(keys) }
}

fn parse_line(line: &str) -> Option<(String, RootKey)> {
    let (id, encoded) = line.split_once(':')?;
    // The id is part of every encrypted value, between dots.
    let plain = !id.is_empty()
        && id.len() <= 32
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let key = Zeroizing::new(<[u8; ROOT_KEY_BYTES]>::try_from(bytes.as_slice()).ok()?);
    plain.then(|| (id.to_owned(), key))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_missing_file_is_made_once_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.key");
        let first = load_or_create(&path).unwrap();
        assert_eq!(first, load_or_create(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn lines_of_another_shape_are_refused_with_their_number() {
        let good = format!("k1:{}", STANDARD.encode([7_u8; 32]));
        for bad in ["k2", "k2:short", "a.b:", ":x", &good, &format!("k2:{}", STANDARD.encode([7_u8; 31]))] {
            let text = format!("# keys\n{good}\n{bad}\n");
            assert!(matches!(parse(&text), Err(SecretsError::KeyLine { line: 3 })), "{bad}");
        }
        assert!(parse("\n").is_err());
    }
}
