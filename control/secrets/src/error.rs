//! Why a secret cannot be encrypted or decrypted. No part of the secret is in the error.

use std::path::PathBuf;

/// A failure of the key ring.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// The key file cannot be read or made.
    #[error("the key file {path} cannot be used: {source}")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A line of the key file has another form.
    #[error("line {line} of the keys is not '<key id>:<base64 of 32 bytes>'")]
    KeyLine {
        /// From 1.
        line: usize,
    },
    /// The secret was encrypted with a key that is not in the file.
    #[error("there is no key '{0}'")]
    UnknownKey(String),
    /// It was changed, cut, or belongs to another app, function or name.
    #[error("the value cannot be decrypted: it was changed, or belongs elsewhere")]
    Unreadable,
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness")]
    NoRandomness,
}
