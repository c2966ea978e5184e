//! The runtime's promises, one file each, over real JavaScript in real sandboxes.
#![allow(clippy::disallowed_methods, reason = "a test spawns, reads the clock and the environment by itself")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails here and now"
)]

mod support;

mod artifacts;
mod blob;
mod blob_urls;
mod compile;
mod compression;
mod context;
mod crypto;
mod database;
mod encodings;
mod engine;
mod engine_errors;
mod events;
mod faults;
#[cfg(target_os = "linux")]
mod footprint;
mod frames;
mod hardened;
mod inspect;
mod intl;
mod isolation;
mod json;
mod language;
mod native;
mod node_cases;
mod node_events;
mod node_modules;
mod operations;
mod performance;
mod promises;
mod queue;
mod recorder;
mod replay;
mod request_bodies;
mod shapes;
mod streams;
mod streams_transfer;
mod thrown;
mod url_pattern;
mod web;
mod web_clients;
mod websocket;
mod wycheproof;
