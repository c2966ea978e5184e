//! The attacks, a file each: what one app, or one without any key, does to take a node from everyone.

mod answers_unread;
mod bodies_slow;
mod bombs;
mod builds;
mod compute;
mod connections;
mod headers;
mod heads;
mod invoke_answers;
mod json_values;
mod large_values;
mod log_pages;
mod masking;
mod operations;
mod queue;
mod read_migrations;
mod records;
mod sandboxes;
mod sleepers;
mod sleeping_queries;
mod sleeping_scripts;
mod tails;
mod very_many_locks;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::join_all;

use super::Field;
use crate::app::TestApp;

/// An attack: it runs for some seconds, and ends with nothing of it left.
#[derive(Debug)]
pub struct Attack {
    /// Its file's name.
    pub name: &'static str,
    /// What is done.
    pub does: &'static str,
    /// Does it.
    pub run: fn(Arc<Field>) -> Running,
}

/// An attack under way.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// All of them.
pub const ATTACKS: &[Attack] = &[
    operations::ATTACK,
    sandboxes::ATTACK,
    bombs::ATTACK,
    answers_unread::ATTACK,
    log_pages::ATTACK,
    records::ATTACK,
    json_values::ATTACK,
    invoke_answers::ATTACK,
    headers::ATTACK,
    heads::ATTACK,
    bodies_slow::ATTACK,
    queue::ATTACK,
    sleepers::ATTACK,
    compute::ATTACK,
    masking::ATTACK,
    builds::ATTACK,
    tails::ATTACK,
    connections::ATTACK,
    sleeping_queries::ATTACK,
    sleeping_scripts::ATTACK,
    read_migrations::ATTACK,
    large_values::ATTACK,
    very_many_locks::ATTACK,
];

/// Calls a function this number of times at once, whatever comes of it.
async fn call_at_once(app: &TestApp, name: &str, times: usize) {
    join_all((0..times).map(|_| app.call("POST", name).try_send())).await;
}
