//! What is kept sealed: environment variables, and the secrets of apps' databases.

mod api_error;
mod error;
mod key_file;
mod key_ring;
mod mask;
pub mod rotate;
mod sealed;

pub use error::SecretsError;
pub use key_ring::KeyRing;
pub use mask::Mask;
