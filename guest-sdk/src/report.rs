//! Reports to the host: why a module was not loaded, or an invocation failed.

use javy_plugin_api::javy::quickjs::{Ctx, Value};
use mayfly_abi::fault::{FaultReport, ReportKind};
use mayfly_abi::op::HostCall;

use crate::prelude::Prelude;
use crate::{budget, import};

pub(crate) fn report(kind: ReportKind, message: String, stack: String) {
    let frame = FaultReport { kind, message, stack, code: None }.to_frame();
    import::send(HostCall::Fault, &frame);
}

/// Reports the exception that is being thrown.
pub(crate) fn report_thrown(ctx: &Ctx<'_>, prelude: &Prelude) {
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
