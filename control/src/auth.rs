//! Who asks, and may they.

mod access;
pub mod admin;
mod app_keys;
mod authenticator;
mod bearer;
mod caller;
mod jwks;
pub mod key;
mod policy;
pub mod token;
mod verified;
mod verifier;

pub use access::{Access, CallAccess, Manager};
pub use app_keys::{AppKeys, signing_key_name};
pub use authenticator::Authenticator;
pub use caller::{Caller, CallerKind, EndUser};
pub use jwks::{Documents, Jwks};
pub use policy::{Requirement, requirement};
pub use verifier::TokenVerifier;

pub(crate) use authenticator::impersonate;
pub(crate) use bearer::{as_user, pinned_version};
