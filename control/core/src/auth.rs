//! Authentication and authorization: keys, end users' tokens, and who may do what.

mod access;
pub mod admin;
mod authenticator;
mod bearer;
mod caller;
pub mod key;
mod key_cache;
mod verified;
mod verifier;

pub use access::{AppAgent, CallAccess, ClientAccess};
pub use authenticator::{Authenticator, AuthenticatorParts};
pub use bearer::{as_user, client_bearer, pinned_version};
pub use caller::{Caller, CallerKind, EndUser, impersonate};
pub use key_cache::KeyCache;
pub use verifier::TokenVerifier;
