//! Triggers: what starts functions beside a request to their URL.

mod background;
mod changes;
mod channels;
mod cron;
mod croniter;
mod killed;
mod nodes;
mod queue;
mod sibling;
mod webhook;
mod websocket;
