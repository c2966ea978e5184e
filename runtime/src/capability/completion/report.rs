//! The guest's own report of a failure, classified: which fault it stands for.

use mayfly_abi::fault::{FaultReport, ReportKind};

use crate::error::{Fault, Thrown};
use crate::meter::MemoryLimiter;

/// Why a module was not loaded.
#[derive(Debug)]
pub(crate) enum LoadFailure {
    /// It has no handler.
    NoHandler(String),
    /// Its top level failed.
    Failed(Fault),
}

/// The fault that a frame reports.
pub(super) fn read(frame: &[u8], memory: &MemoryLimiter) -> Fault {
    match FaultReport::read(frame) {
        Ok(report) => fault_of(report, memory),
        Err(_) => malformed(),
    }
}

pub(super) fn malformed() -> Fault {
    Fault::Internal { reason: "the guest's report is malformed".to_owned() }
}

/// The fault that a report stands for. Only the host knows whether memory really ran out.
pub(super) fn fault_of(report: FaultReport, memory: &MemoryLimiter) -> Fault {
    let thrown = Thrown { message: report.message, stack: report.stack, code: report.code };
    match report.kind {
        ReportKind::OutOfMemory if memory.denied() => match memory.shortage() {
            Some(shortage) => Fault::NoMemory(shortage),
            None => Fault::MemoryLimit { used: memory.peak(), limit: memory.limit(), stack: thrown.stack },
        },
        ReportKind::StackOverflow => Fault::StackOverflow(thrown),
        ReportKind::NoResponse => Fault::NoResponse { returned: thrown.message },
        ReportKind::Threw | ReportKind::OutOfMemory | ReportKind::NoHandler | ReportKind::Syntax => {
            Fault::Threw(thrown)
        }
    }
}
