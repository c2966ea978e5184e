//! Upload triggers: objects in buckets. Checked at deploy, not served yet.

mod config;

pub(crate) use config::S3Upload;
