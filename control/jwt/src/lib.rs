//! JSON Web Tokens: strict parsing, signing and verification, and key sets fetched from issuers.

pub mod jwks;
pub mod token;

pub use jwks::{Documents, Jwks};
