//! Who asks, and may they.

mod access;
pub mod admin;
mod authenticator;
mod bearer;
mod caller;
pub mod key;
mod policy;

pub use access::{Access, CallAccess, Manager};
pub use authenticator::Authenticator;
pub use caller::{Caller, CallerKind};
pub use policy::{Requirement, requirement};

pub(crate) use authenticator::impersonate;
pub(crate) use bearer::as_user;
