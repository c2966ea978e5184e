//! Who asks, and may they.

mod access;
pub mod admin;
mod app_keys;
mod authenticator;
mod bearer;
mod caller;
pub mod key;
mod verified;
mod verifier;

pub use access::{Access, CallAccess, Manager};
pub use app_keys::{AppKeys, signing_key_name};
pub use authenticator::Authenticator;
pub use caller::{Caller, CallerKind, EndUser};
pub use verifier::TokenVerifier;

pub use authenticator::impersonate;
pub use bearer::{as_user, pinned_version};
