//! Cron triggers: points in time. Checked at deploy, not served yet.

mod config;

pub(crate) use config::Cron;
