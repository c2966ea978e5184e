//! The command line's half that talks to a server: verbs, client, bundler, output.

mod args;
mod bundle;
mod client;
mod exit;
mod given;
mod here;
pub mod out;
mod remote;
pub mod source;
mod stdin;
mod transfer;
mod verbs;
mod webhook;

pub use args::{RemoteArgs, Verb};
pub use bundle::bundler;
pub use exit::Exit;
pub use remote::source_excerpt;
pub use verbs::run;
