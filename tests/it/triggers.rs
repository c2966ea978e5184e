//! Triggers: what starts a function beside a call of its URL.

mod webhook;
