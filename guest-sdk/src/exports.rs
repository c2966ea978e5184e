//! The exports: `initialize-runtime` for Javy, `load` for a deploy, `handle` for an invocation.

use javy_plugin_api::javy::quickjs::{Array, Ctx, Error, Function, Module, Persistent, Result, Value};
use mayfly_abi::fault::ReportKind;
use mayfly_abi::op::HostCall;

use crate::event_loop;
use crate::js_runtime::{Setup, find_node_modules, set_up, with_runtime};
use crate::prelude::{self, Prelude};
use crate::report::{report, report_thrown};
use crate::{api, async_frames, handler, heap, import, library, phase, placement};

/// Makes the runtime, the prelude compiled from its text: what Javy asks of a plugin.
#[allow(unsafe_code, reason = "an export with the name that Javy asks for")]
#[unsafe(export_name = "initialize-runtime")]
pub extern "C" fn initialize_runtime() {
    set_up(Setup::FromText);
}

/// The prelude's bytecode: where it lies, and its length in the upper half. It is never freed: the host throws
/// the instance away after this call.
#[allow(unsafe_code, reason = "an export")]
#[unsafe(no_mangle)]
pub extern "C" fn prelude_bytecode() -> u64 {
    compiled(prelude::NAME, prelude::TEXT.to_owned())
}

/// Where the prelude's text lies, and its length in the upper half: once it is compiled it is never read again, and images
/// do without.
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

/// Adds Node's modules to the runtime, out of their bytecode. 0 on success.
#[allow(unsafe_code, reason = "the host hands over bytes that it allocated with `cabi_realloc`")]
#[unsafe(no_mangle)]
pub extern "C" fn load_library(bytecode: *mut u8, length: usize) -> u32 {
    // SAFETY: the host allocated exactly these bytes for this call, and forgets them.
    let mut bytes = unsafe { Vec::from_raw_parts(bytecode, length, length) };
    let loaded = with_runtime(|ctx, prelude| {
        let internals = prelude.internals.clone().restore(ctx);
        let loaded = internals.and_then(|internals| library::install(ctx, internals, &bytes));
        if loaded.is_err() {
            report_thrown(ctx, prelude);
        }
        ctx.run_gc();
        loaded.is_ok()
    });
    bytes.fill(0);
    drop(bytes);
    find_node_modules();
    heap::fill_gaps();
    u32::from(!loaded)
}

/// Makes the runtime from the prelude's bytecode. Nothing is parsed, so the heap has no traces of that: its objects stand
/// side by side, which is what keeps the pages few that an invocation dirties.
#[allow(unsafe_code, reason = "the host hands over bytes that it allocated with `cabi_realloc`")]
#[unsafe(no_mangle)]
pub extern "C" fn initialize_from(bytecode: *mut u8, length: usize) {
    // SAFETY: the host allocated exactly these bytes for this call, and forgets them.
    let bytecode = unsafe { Vec::from_raw_parts(bytecode, length, length) };
    placement::with_layout(|| set_up(Setup::From(bytecode)));
    // What comes next lies side by side behind all of this: in the gaps, it would write to every page.
    heap::fill_gaps();
}

/// Evaluates a module's bytecode, chooses its handler, and leaves the memory ready for a snapshot. The host put the
/// bytes where `cabi_realloc` said; they are given back here. 0 on success; a failure was reported.
#[allow(unsafe_code, reason = "the host hands over bytes that it allocated with `cabi_realloc`")]
#[unsafe(no_mangle)]
pub extern "C" fn load(bytecode: *mut u8, length: usize) -> u32 {
    // SAFETY: the host allocated exactly these bytes for this call, and forgets them.
    let mut bytes = unsafe { Vec::from_raw_parts(bytecode, length, length) };
    placement::open_room_of_function();
    let loaded = with_runtime(|ctx, prelude| {
        let loaded = load_module(ctx, prelude, &prelude.adopt, &bytes);
        if loaded {
            ctx.run_gc();
        }
        loaded
    });
    // Freed memory is part of the snapshot: zeroes cost nothing there.
    bytes.fill(0);
    drop(bytes);
    heap::fill_gaps();
    placement::open_room_of_invocation();
    u32::from(!loaded)
}

/// Evaluates a module's bytecode for an invocation in this very memory. As [`load`], but nothing is made ready for a snapshot:
/// that takes longer than evaluating a short module does.
#[allow(unsafe_code, reason = "the host hands over bytes that it allocated with `cabi_realloc`")]
#[unsafe(no_mangle)]
pub extern "C" fn load_once(bytecode: *mut u8, length: usize) -> u32 {
    // SAFETY: the host allocated exactly these bytes for this call, and forgets them.
    let bytes = unsafe { Vec::from_raw_parts(bytecode, length, length) };
    placement::open_room_of_function();
    placement::open_room_of_invocation();
    heap::use_arenas();
    u32::from(!with_runtime(|ctx, prelude| load_module(ctx, prelude, &prelude.adopt_script, &bytes)))
}

fn load_module(
    ctx: &Ctx<'_>,
    prelude: &Prelude,
    adopt: &Persistent<Function<'static>>,
    bytecode: &[u8],
) -> bool {
    match evaluate(ctx, adopt, bytecode) {
        Ok(None) => {
            api::errors::forget();
            async_frames::leave(ctx);
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
fn evaluate(ctx: &Ctx<'_>, adopt: &Persistent<Function<'static>>, bytecode: &[u8]) -> Result<Option<String>> {
    // SAFETY: the host hands over what `compile-src` of this same engine module answered.
    let module = unsafe { Module::load(ctx.clone(), bytecode)? };
    let (module, promise) = module.eval()?;
    promise.finish::<Value<'_>>()?;
    let adopt = adopt.clone().restore(ctx)?;
    let found: Value<'_> = adopt.call((module.namespace()?,))?;
    if found.is_string() {
        return found.get().map(Some);
    }
    handler::keep(ctx, &found.get::<Array<'_>>()?)?;
    Ok(None)
}

/// Runs one invocation; the host answers `Head` with `head_length` bytes.
#[allow(unsafe_code, reason = "an export")]
#[unsafe(no_mangle)]
pub extern "C" fn handle(head_length: usize) {
    heap::use_arenas();
    phase::begin_invocation();
    api::invocation::begin(import::read(HostCall::Head, head_length));
    with_runtime(|ctx, prelude| {
        if event_loop::run(ctx, prelude).is_err() {
            report_thrown(ctx, prelude);
        }
    });
}
