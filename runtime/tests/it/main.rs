//! The runtime's promises, one file each, over real JavaScript in real sandboxes.

mod support;

mod compile;
mod context;
mod faults;
mod isolation;
mod language;
mod operations;
mod web;
