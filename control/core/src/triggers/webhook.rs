//! Webhook triggers: signed requests from providers. Checked at deploy, not served yet.

mod config;

pub(crate) use config::Webhook;
