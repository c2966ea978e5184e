//! What a function printed and threw, without the values of its environment: records and errors never hold them.

use mayfly_runtime::{Fault, LogEntry, Outcome};

use mayfly_secrets::Mask;

/// Everything of an outcome that is a text of the function's.
pub(super) fn outcome(mask: &Mask, outcome: &mut Outcome) {
    if let Some(it) = &mut outcome.fault {
        fault(mask, it);
    }
    if let Some(it) = outcome.background.as_mut().and_then(|background| background.fault.as_mut()) {
        fault(mask, it);
    }
    for LogEntry { message, .. } in &mut outcome.logs {
        mask.hide_in(message);
    }
}

/// The texts of a fault.
pub(super) fn fault(mask: &Mask, fault: &mut Fault) {
    match fault {
        Fault::Threw(thrown) | Fault::StackOverflow(thrown) => {
            mask.hide_in(&mut thrown.message);
            mask.hide_in(&mut thrown.stack);
        }
        Fault::NoResponse { returned } => mask.hide_in(returned),
        Fault::CpuLimit { stack, .. } | Fault::MemoryLimit { stack, .. } => mask.hide_in(stack),
        Fault::TimedOut { .. } | Fault::Hung | Fault::OutputLimit { .. } | Fault::Trapped { .. } => {}
    }
}
