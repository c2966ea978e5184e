//! Websocket triggers: frames on the app's socket. Checked at deploy, not served yet.

mod config;

pub(crate) use config::Websocket;
