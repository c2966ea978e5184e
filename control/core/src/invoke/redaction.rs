//! What a function printed and threw, without the values of its environment: records and errors never hold them.

use mayfly_runtime::{Background, Fault, LogEntry, Outcome};

use mayfly_secrets::SecretRedactor;

/// Everything of an outcome that is a text of the function's.
pub(super) fn outcome(mask: &SecretRedactor, outcome: &mut Outcome) {
    if let Some(it) = &mut outcome.fault {
        fault(mask, it);
    }
    for it in outcome.background.iter_mut().flat_map(Background::faults_mut) {
        fault(mask, it);
    }
    for LogEntry { message, .. } in &mut outcome.logs {
        mask.redact_in_place(message);
    }
}

/// The texts of a fault.
pub(super) fn fault(mask: &SecretRedactor, fault: &mut Fault) {
    match fault {
        Fault::Threw(thrown) | Fault::StackOverflow(thrown) => {
            mask.redact_in_place(&mut thrown.message);
            mask.redact_in_place(&mut thrown.stack);
        }
        Fault::NoResponse { returned } => mask.redact_in_place(returned),
        Fault::CpuLimit { stack, .. }
        | Fault::MemoryLimit { stack, .. }
        | Fault::TimedOut { stack, .. }
        | Fault::Trapped { stack, .. } => mask.redact_in_place(stack),
        Fault::Hung
        | Fault::OutputLimit { .. }
        | Fault::HeadersLimit { .. }
        | Fault::NoMemory(_)
        | Fault::Internal { .. } => {}
    }
}
