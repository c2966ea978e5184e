//! What the guest is doing: a module's top level at deploy, or an invocation, and whether that is done.

use std::cell::Cell;

use javy_plugin_api::javy::quickjs::{Ctx, Exception, Result};
use mayfly_abi::op::HostCall;

use crate::import;

/// A module's top level at deploy, or an invocation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Deploy,
    Invocation,
}

thread_local! {
    static PHASE: Cell<Phase> = const { Cell::new(Phase::Deploy) };
    static DONE: Cell<bool> = const { Cell::new(false) };
}

/// From now on an invocation runs.
pub(crate) fn begin_invocation() {
    PHASE.set(Phase::Invocation);
}

/// The handler's promise is settled, and so is every promise that it gave to `waitUntil`.
pub(crate) fn finish() {
    DONE.set(true);
    import::send_number(HostCall::Done, 0);
}

/// Whether [`finish`] was called.
pub(crate) fn is_done() -> bool {
    DONE.get()
}

/// Refuses what has no meaning at deploy.
pub(crate) fn require_invocation(ctx: &Ctx<'_>, what: &str) -> Result<()> {
    match PHASE.get() {
        Phase::Invocation => Ok(()),
        Phase::Deploy => Err(Exception::throw_message(
            ctx,
            &format!(
                "{what} is not available while the module's top level runs: that happens once, at deploy, and every \
                 invocation starts from the result. Use it in the handler."
            ),
        )),
    }
}
