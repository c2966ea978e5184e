//! Small building blocks without knowledge of the product: address ranges, clock, digest, task tracker, TTL cache, trusted certificates.

pub mod cache;
pub mod cidr;
pub mod clock;
pub mod digest;
pub mod jobs;
pub mod tasks;
pub mod tls;
