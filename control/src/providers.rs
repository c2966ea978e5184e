//! Who answers for the capabilities that a function is lent.

pub mod db;
pub mod fetch;
pub mod idempotency;
