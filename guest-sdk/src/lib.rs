//! The engine module: QuickJS by way of Javy, the natives and the prelude, and nothing of any tenant's.
//!
//! It is a Javy plugin (`initialize-runtime`, `compile-src`, `invoke`) with two exports of its own: `load` evaluates a
//! tenant's module at deploy, and `handle` runs one invocation.

use javy_plugin_api::import_namespace;

mod api;
mod async_frames;
mod await_stack;
mod budget;
mod event_loop;
mod exports;
mod handler;
mod heap;
mod import;
mod js_runtime;
mod json;
mod library;
mod pending;
mod phase;
mod placement;
mod prelude;
mod report;
mod settlement;
mod text;
mod wasi;

import_namespace!("mayfly-v1");
