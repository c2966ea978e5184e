//! The engine module: QuickJS by way of Javy, the natives and the prelude, and nothing of any tenant's.
//!
//! It is a Javy plugin (`initialize-runtime`, `compile-src`, `invoke`) with two exports of its own: `load` evaluates a
//! tenant's module at deploy, and `handle` runs one invocation.

use javy_plugin_api::import_namespace;

mod api;
mod budget;
mod entry;
mod heap;
mod import;
mod library;
mod pending;
mod placement;
mod prelude;
mod text;
mod wasi;

import_namespace!("mayfly-v1");
