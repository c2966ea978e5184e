//! Encryption of secrets at rest (environment variables, database secrets, signing keys), and their redaction in texts.

mod api_error;
mod encrypted;
mod error;
mod key_file;
mod key_ring;
mod redactor;
pub mod rotate;

pub use error::SecretsError;
pub use key_ring::KeyRing;
pub use redactor::SecretRedactor;
