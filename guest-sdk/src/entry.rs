//! The exports: `initialize-runtime` for Javy, `load` for a deploy, `handle` for an invocation.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

use javy_plugin_api::Config;
use javy_plugin_api::javy::Runtime;
use javy_plugin_api::javy::quickjs::promise::PromiseState;
use javy_plugin_api::javy::quickjs::{Context, Ctx, Error, Function, Module, Promise, Result, Value};
use mayfly_abi::fault::{ReportKind, FaultReport};
use mayfly_abi::op::HostCall;

use crate::prelude::{self, Prelude};
use crate::{api, budget, heap, import, library, pending, placement};

// Below the shadow stack that the build links, so that endless recursion is a RangeError and not a trap.
const MAX_STACK_BYTES: usize = 900 << 10;
// Cycles are collected when the heap has grown by this much: most invocations never get there.
const GC_THRESHOLD_BYTES: usize = 8 << 20;

/// What the module is doing: its top level at deploy, or an invocation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Deploy,
    Invocation,
}

thread_local! {
    static PHASE: Cell<Phase> = const { Cell::new(Phase::Deploy) };
    static DONE: Cell<bool> = const { Cell::new(false) };
    static WORLD: RefCell<Option<ManuallyDrop<World>>> = const { RefCell::new(None) };
}

struct World {
    context: Context,
    prelude: Prelude,
}

/// What the module is doing.
pub(crate) fn phase() -> Phase {
    PHASE.get()
}

/// The handler has settled and nothing that it left behind is pending.
pub(crate) fn finish() {
    DONE.set(true);
    import::send_number(HostCall::Done, 0);
}

fn config() -> Config {
    let mut config = Config::default();
    config.event_loop(true).gc_threshold(GC_THRESHOLD_BYTES).max_stack_size(MAX_STACK_BYTES).weak_ref(true);
    config
}

/// What becomes of a fresh runtime.
enum Setup {
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
fn set_up(setup: Setup) -> Setup {
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
    WORLD.with_borrow_mut(|world| *world = Some(ManuallyDrop::new(World { context, prelude })));
}

fn thrown_text(ctx: &Ctx<'_>) -> String {
    let thrown = ctx.catch();
    match thrown.as_exception() {
        Some(exception) => exception.to_string(),
        None => format!("{thrown:?}"),
    }
}

/// Makes the world, the prelude compiled from its text: what Javy asks of a plugin.
#[allow(unsafe_code, reason = "an export with the name that Javy asks for")]
#[unsafe(export_name = "initialize-runtime")]
pub extern "C" fn initialize_runtime() {
    set_up(Setup::FromText);
}

/// The prelude's bytecode: where it lies, and its length in the upper half. It is never given back: whoever asks
/// throws the instance away.
#[allow(unsafe_code, reason = "an export")]
#[unsafe(no_mangle)]
pub extern "C" fn prelude_bytecode() -> u64 {
    compiled(prelude::NAME, prelude::TEXT.to_owned())
}

/// Where the prelude's text lies, and its length in the upper half: once it is compiled nobody reads it, and pictures do
/// without.
#[allow(unsafe_code, reason = "an export")]
#[unsafe(no_mangle)]
pub extern "C" fn prelude_text() -> u64 {
    packed(prelude::TEXT.as_bytes())
}

/// The bytecode of the script of Node's modules, which the host hands over.
#[allow(unsafe_code, reason = "the host hands over bytes that it allocated with `cabi_realloc`")]
#[unsafe(no_mangle)]
pub extern "C" fn library_bytecode(text: *mut u8, length: usize) -> u64 {
    // SAFETY: the host allocated exactly these bytes for this call, and forgets them.
    let text = unsafe { Vec::from_raw_parts(text, length, length) };
    compiled(library::NAME, String::from_utf8_lossy(&text).into_owned())
}

fn compiled(name: &'static str, text: String) -> u64 {
    match set_up(Setup::Compile(name, text)) {
        Setup::From(bytecode) => packed(bytecode.leak()),
        Setup::FromText | Setup::Compile(..) => 0,
    }
}

fn packed(bytes: &[u8]) -> u64 {
    (bytes.len() as u64) << 32 | bytes.as_ptr() as u64
}

/// Adds Node's modules to the world, out of their bytecode. 0 when all went well.
#[allow(unsafe_code, reason = "the host hands over bytes that it allocated with `cabi_realloc`")]
#[unsafe(no_mangle)]
pub extern "C" fn load_library(bytecode: *mut u8, length: usize) -> u32 {
    // SAFETY: the host allocated exactly these bytes for this call, and forgets them.
    let mut bytes = unsafe { Vec::from_raw_parts(bytecode, length, length) };
    let loaded = with_world(|ctx, prelude| {
        let internals = prelude.internals.clone().restore(ctx);
        let loaded = internals.and_then(|internals| library::install(ctx, internals, &bytes));
        if loaded.is_err() {
            report_thrown(ctx, prelude);
        }
        ctx.run_gc();
        loaded.is_ok()
    });
    bytes.fill(0);
    u32::from(!loaded)
}

/// Makes the world from the prelude's bytecode. Nothing is parsed, so the heap has no traces of that: its objects stand
/// side by side, which is what keeps the pages few that an invocation dirties.
#[allow(unsafe_code, reason = "the host hands over bytes that it allocated with `cabi_realloc`")]
#[unsafe(no_mangle)]
pub extern "C" fn initialize_from(bytecode: *mut u8, length: usize) {
    // SAFETY: the host allocated exactly these bytes for this call, and forgets them.
    let bytecode = unsafe { Vec::from_raw_parts(bytecode, length, length) };
    placement::placing(|| set_up(Setup::From(bytecode)));
}

/// Evaluates a module's bytecode, chooses its handler, and leaves the memory ready for a snapshot. The host put the
/// bytes where `cabi_realloc` said; they are given back here. 0 when all went well; what did not was reported.
#[allow(unsafe_code, reason = "the host hands over bytes that it allocated with `cabi_realloc`")]
#[unsafe(no_mangle)]
pub extern "C" fn load(bytecode: *mut u8, length: usize) -> u32 {
    // SAFETY: the host allocated exactly these bytes for this call, and forgets them.
    let mut bytes = unsafe { Vec::from_raw_parts(bytecode, length, length) };
    let loaded = with_world(|ctx, prelude| load_module(ctx, prelude, &bytes));
    // Freed memory is part of the snapshot: zeroes cost nothing there.
    bytes.fill(0);
    drop(bytes);
    heap::fill_gaps();
    u32::from(!loaded)
}

fn load_module(ctx: &Ctx<'_>, prelude: &Prelude, bytecode: &[u8]) -> bool {
    match evaluate(ctx, prelude, bytecode) {
        Ok(None) => {
            api::errors::forget();
            api::async_frames::leave(ctx);
            ctx.run_gc();
            true
        }
        Ok(Some(missing)) => {
            report(ReportKind::NoHandler, missing, String::new());
            false
        }
        Err(Error::WouldBlock) => {
            report(
                ReportKind::NoHandler,
                "the module's top level awaits something that never settles".into(),
                String::new(),
            );
            false
        }
        Err(_) => {
            report_thrown(ctx, prelude);
            false
        }
    }
}

/// Runs the top level; the text of what is wrong with the exports, if anything is.
#[allow(
    unsafe_code,
    reason = "bytecode is only safe to load when this very engine compiled it, and the host sees to that"
)]
fn evaluate(ctx: &Ctx<'_>, prelude: &Prelude, bytecode: &[u8]) -> Result<Option<String>> {
    // SAFETY: the host hands over what `compile-src` of this same engine module answered.
    let module = unsafe { Module::load(ctx.clone(), bytecode)? };
    let (module, promise) = module.eval()?;
    promise.finish::<Value<'_>>()?;
    let adopt = prelude.adopt.clone().restore(ctx)?;
    adopt.call((module.namespace()?,))
}

/// Runs one invocation; the host answers `Head` with `head_length` bytes.
#[allow(unsafe_code, reason = "an export")]
#[unsafe(no_mangle)]
pub extern "C" fn handle(head_length: usize) {
    PHASE.set(Phase::Invocation);
    api::invocation::begin(import::read(HostCall::Head, head_length));
    with_world(|ctx, prelude| {
        if run(ctx, prelude).is_err() {
            report_thrown(ctx, prelude);
        }
    });
}

fn run(ctx: &Ctx<'_>, prelude: &Prelude) -> Result<()> {
    let dispatch: Function<'_> = prelude.dispatch.clone().restore(ctx)?;
    let mut response: Option<Promise<'_>> = dispatch.call(())?;
    loop {
        loop {
            api::async_frames::leave(ctx);
            settle_response(ctx, prelude, &mut response)?;
            if !ctx.execute_pending_job() {
                break;
            }
        }
        if api::errors::any() {
            api::errors::tell(ctx, &prelude.rejections.clone().restore(ctx)?)?;
            continue;
        }
        if DONE.get() {
            return Ok(());
        }
        if budget::is_over() {
            report_thrown(ctx, prelude);
            return Ok(());
        }
        match pending::settle_next(ctx) {
            Ok(true) => {}
            // Nothing is pending and the handler has not settled, or what it left behind has not: the host says which.
            Ok(false) => return Ok(()),
            // A timer's callback threw: that fails the invocation, as an uncaught error does elsewhere.
            Err(_) => {
                report_thrown(ctx, prelude);
                return Ok(());
            }
        }
    }
}

/// Hands over the handler's response, or what it threw, once its promise is settled.
fn settle_response<'js>(
    ctx: &Ctx<'js>,
    prelude: &Prelude,
    response: &mut Option<Promise<'js>>,
) -> Result<()> {
    let Some(promise) = response.as_ref().filter(|promise| promise.state() != PromiseState::Pending) else {
        return Ok(());
    };
    let settled = promise.result::<Value<'_>>();
    api::errors::handled(promise.as_value());
    *response = None;
    match settled {
        Some(Ok(value)) => prelude.finish.clone().restore(ctx)?.call((value,)),
        Some(Err(_)) => prelude.fail.clone().restore(ctx)?.call((ctx.catch(),)),
        None => Ok(()),
    }
}

fn with_world<R>(work: impl FnOnce(&Ctx<'_>, &Prelude) -> R) -> R {
    WORLD.with_borrow(|world| {
        let world = world.as_ref().expect("the runtime is initialized before anything else is called");
        world.context.with(|ctx| work(&ctx, &world.prelude))
    })
}

fn report(kind: ReportKind, message: String, stack: String) {
    let frame = FaultReport { kind, message, stack, code: None }.to_frame();
    import::send(HostCall::Fault, &frame);
}

fn report_thrown(ctx: &Ctx<'_>, prelude: &Prelude) {
    let thrown = ctx.catch();
    let described = prelude
        .describe_thrown
        .clone()
        .restore(ctx)
        .and_then(|describe| describe.call::<_, Vec<Value<'_>>>((thrown,)));
    let (kind, message, stack) = match described.as_deref() {
        Ok([kind, message, stack]) => (
            kind.as_int().unwrap_or_default(),
            message.get::<String>().unwrap_or_default(),
            stack.get::<String>().unwrap_or_default(),
        ),
        _ => (0, "something that cannot be printed".to_owned(), String::new()),
    };
    let stack = budget::stack().unwrap_or(stack);
    let kind = match kind {
        1 => ReportKind::StackOverflow,
        2 => ReportKind::OutOfMemory,
        _ => ReportKind::Threw,
    };
    report(kind, message, stack);
}
