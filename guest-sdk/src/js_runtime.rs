//! The JavaScript runtime with its prelude: how it is made, and how the exports get at it.

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use javy_plugin_api::Config;
use javy_plugin_api::javy::Runtime;
use javy_plugin_api::javy::quickjs::{Context, Ctx};

use crate::api;
use crate::library::NodeModules;
use crate::prelude::{self, Prelude};

// Below the shadow stack that the build links, so that endless recursion is a RangeError and not a trap.
const MAX_STACK_BYTES: usize = 900 << 10;
// Cycles are collected when the heap has grown by this much: most invocations never get there.
const GC_THRESHOLD_BYTES: usize = 8 << 20;

thread_local! {
    static RUNTIME: RefCell<Option<ManuallyDrop<JsRuntime>>> = const { RefCell::new(None) };
}

struct JsRuntime {
    context: Context,
    prelude: Prelude,
}

fn config() -> Config {
    let mut config = Config::default();
    config.event_loop(true).gc_threshold(GC_THRESHOLD_BYTES).max_stack_size(MAX_STACK_BYTES).weak_ref(true);
    config
}

/// What a new runtime is for.
pub(crate) enum Setup {
    /// The prelude is compiled from its text and installed.
    FromText,
    /// A script is compiled, and kept for the host.
    Compile(&'static str, String),
    /// This bytecode is installed.
    From(Vec<u8>),
}

thread_local! {
    static SETUP: RefCell<Setup> = const { RefCell::new(Setup::FromText) };
}

/// The one place that makes a runtime: made in several, the linker would keep parts of Javy that import files.
pub(crate) fn set_up(setup: Setup) -> Setup {
    SETUP.set(setup);
    javy_plugin_api::initialize_runtime(config, modify)
        .expect("a fresh instance has a runtime to initialize");
    SETUP.replace(Setup::FromText)
}

fn modify(runtime: Runtime) -> Runtime {
    let compile = |name, text| runtime.compile_to_bytecode(name, text).expect("a script of ours compiles");
    match SETUP.replace(Setup::FromText) {
        Setup::FromText => install(&runtime, &compile(prelude::NAME, prelude::TEXT)),
        Setup::Compile(name, text) => SETUP.set(Setup::From(compile(name, &text))),
        Setup::From(mut bytecode) => {
            install(&runtime, &bytecode);
            bytecode.fill(0);
        }
    }
    runtime
}

fn install(runtime: &Runtime, bytecode: &[u8]) {
    let context = runtime.context().clone();
    context.with(|ctx| api::errors::watch(&ctx));
    let prelude = prelude::install(&context, bytecode).unwrap_or_else(|error| {
        panic!("the prelude does not run: {error}: {:?}", context.with(|ctx| thrown_text(&ctx)))
    });
    RUNTIME.with_borrow_mut(|runtime| *runtime = Some(ManuallyDrop::new(JsRuntime { context, prelude })));
}

fn thrown_text(ctx: &Ctx<'_>) -> String {
    let thrown = ctx.catch();
    match thrown.as_exception() {
        Some(exception) => exception.to_string(),
        None => format!("{thrown:?}"),
    }
}

/// Calls `work` with the runtime's context and prelude.
pub(crate) fn with_runtime<R>(work: impl FnOnce(&Ctx<'_>, &Prelude) -> R) -> R {
    RUNTIME.with_borrow(|runtime| {
        let runtime = runtime.as_ref().expect("the runtime is initialized before anything else is called");
        runtime.context.with(|ctx| work(&ctx, &runtime.prelude))
    })
}

/// Has imports find Node's modules from now on.
pub(crate) fn find_node_modules() {
    RUNTIME.with_borrow(|runtime| {
        if let Some(runtime) = runtime {
            runtime.context.runtime().set_loader(NodeModules, NodeModules);
        }
    });
}
