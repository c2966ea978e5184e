//! Maps a fault of a function to the error that its caller receives.

use mayfly_runtime::{FUEL_PER_CPU_MS, Fault};
use serde_json::json;

use mayfly_api::error::{ApiError, Code};

/// The error of a fault. What the function said of itself is for its owner: callers get the kind of failure.
pub(super) fn to_error(fault: Fault) -> ApiError {
    let (text, detailed) = (fault.to_string(), fault.detailed());
    match fault {
        Fault::Threw(_) => {
            ApiError::new(Code::FunctionThrew, "the function threw an error").with_trusted_message(text)
        }
        Fault::StackOverflow(_) => ApiError::new(Code::FunctionStackOverflow, text),
        Fault::CpuLimit { used, limit, .. } => ApiError::new(Code::FunctionCpuLimit, text)
            .with_trusted_message(detailed)
            .with_details(json!({ "used_ms": used / FUEL_PER_CPU_MS, "limit_ms": limit / FUEL_PER_CPU_MS })),
        Fault::MemoryLimit { used, limit, .. } => ApiError::new(Code::FunctionMemoryLimit, text)
            .with_trusted_message(detailed)
            .with_details(json!({ "used_bytes": used, "limit_bytes": limit })),
        Fault::TimedOut { elapsed, limit, .. } => {
            ApiError::new(Code::FunctionTimeout, text).with_trusted_message(detailed).with_details(
                json!({ "elapsed_ms": elapsed.as_millis() as u64, "limit_ms": limit.as_millis() as u64 }),
            )
        }
        Fault::NoMemory(shortage) => shortage.into(),
        Fault::HeadersLimit { .. } => ApiError::new(Code::FunctionOutputLimit, text),
        Fault::Hung => ApiError::new(Code::FunctionHung, text),
        Fault::NoResponse { .. } => ApiError::new(Code::FunctionNoResponse, text),
        Fault::OutputLimit { used, limit } => ApiError::new(Code::FunctionOutputLimit, text)
            .with_details(json!({ "used_bytes": used, "limit_bytes": limit })),
        Fault::Trapped { .. } => ApiError::new(Code::FunctionTrapped, "the function made its sandbox trap")
            .with_trusted_message(detailed),
        Fault::Internal { reason } => ApiError::internal(format!("the sandbox stopped: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mayfly_ledger::Shortage;
    use mayfly_runtime::Thrown;

    use super::*;

    #[test]
    fn every_fault_has_the_code_that_the_runtime_gives_it() {
        for fault in [
            Fault::Threw(Thrown::default()),
            Fault::StackOverflow(Thrown::default()),
            Fault::CpuLimit { used: 2, limit: 1, stack: String::new() },
            Fault::MemoryLimit { used: 2, limit: 1, stack: String::new() },
            Fault::TimedOut {
                elapsed: Duration::from_secs(2),
                limit: Duration::from_secs(1),
                stack: String::new(),
                waited: None,
            },
            Fault::Hung,
            Fault::NoResponse { returned: "a string".into() },
            Fault::OutputLimit { used: 2, limit: 1 },
            Fault::HeadersLimit { headers: 101, bytes: 1 },
            Fault::NoMemory(Shortage::Account),
            Fault::NoMemory(Shortage::Node),
            Fault::Trapped { reason: "x".into(), stack: String::new() },
            Fault::Internal { reason: "x".into() },
        ] {
            let error = to_error(fault.clone());
            assert_eq!(error.code().as_str(), fault.code());
            assert_eq!(error.code().source().as_str(), format!("{:?}", fault.blame()).to_lowercase());
        }
    }

    #[test]
    fn what_was_thrown_is_for_the_owner() {
        let make =
            || to_error(Fault::Threw(Thrown { message: "Error: card 4242".into(), ..Thrown::default() }));
        assert!(!make().message().contains("4242"));
        assert!(make().for_trusted(String::new()).message().contains("4242"));
    }
}
