//! What isolation costs: the same work over many ways to isolate, measured in interleaved rounds beside a floor.
#![allow(clippy::disallowed_methods, reason = "a bench spawns and reads the environment by itself")]

pub mod args;
pub mod connection;
pub mod database;
pub mod failure;
pub mod load;
pub mod machine;
pub mod measures;
pub mod report;
pub mod run;
pub mod ways;
pub mod work;
