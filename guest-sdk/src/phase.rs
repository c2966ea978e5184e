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
    static ANSWERED: Cell<bool> = const { Cell::new(false) };
    /// The promises that were given to `waitUntil` and are not settled, and work that is held beside them.
    static AWAITED: Cell<u32> = const { Cell::new(0) };
}

/// From now on an invocation runs.
pub(crate) fn begin_invocation() {
    PHASE.set(Phase::Invocation);
}

/// The handler has answered, or failed: the invocation is done as soon as every promise that was given to `waitUntil` is settled.
pub(crate) fn answered() {
    ANSWERED.set(true);
    end_if_idle();
}

/// A promise was given to `waitUntil`.
pub(crate) fn promise_given(number: u32) {
    AWAITED.set(AWAITED.get() + 1);
    import::send_number(HostCall::PromiseGiven, number);
}

/// A promise that was given to `waitUntil` is settled.
pub(crate) fn promise_settled(number: u32) {
    import::send_number(HostCall::PromiseSettled, number);
    AWAITED.set(AWAITED.get().saturating_sub(1));
    end_if_idle();
}

/// Work has begun that is finished before the invocation is done, or is over. Unlike a promise it has no record.
pub(crate) fn hold(begins: bool) {
    AWAITED.set(if begins { AWAITED.get() + 1 } else { AWAITED.get().saturating_sub(1) });
    end_if_idle();
}

fn end_if_idle() {
    if ANSWERED.get() && AWAITED.get() == 0 && !DONE.replace(true) {
        import::send_number(HostCall::Done, 0);
    }
}

/// Whether the handler has answered and nothing that was given to `waitUntil` is pending.
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
