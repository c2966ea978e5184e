//! The natives of `dispatch.js` and `wait_until.js`: report a fault, that the handler has answered, and what is awaited.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result, String as JsString};
use mayfly_abi::fault::{FaultReport, ReportKind};
use mayfly_abi::op::HostCall;

use crate::phase::require_invocation;
use crate::{budget, import, phase, text};

fn fault(kind: u32, message: JsString<'_>, stack: JsString<'_>, code: Option<JsString<'_>>) -> Result<()> {
    let kind = match kind {
        1 => ReportKind::StackOverflow,
        2 => ReportKind::OutOfMemory,
        3 => ReportKind::NoResponse,
        _ => ReportKind::Threw,
    };
    let report = FaultReport {
        kind,
        message: text::text(&message)?,
        stack: match budget::stack() {
            Some(stack) => stack,
            None => text::text(&stack)?,
        },
        code: code.as_ref().map(text::text).transpose()?,
    };
    import::send(HostCall::Fault, &report.to_frame());
    Ok(())
}

fn background_fault(message: JsString<'_>, stack: JsString<'_>, code: Option<JsString<'_>>) -> Result<()> {
    let report = FaultReport {
        kind: ReportKind::Threw,
        message: text::text(&message)?,
        stack: text::text(&stack)?,
        code: code.as_ref().map(text::text).transpose()?,
    };
    import::send(HostCall::BackgroundFault, &report.to_frame());
    Ok(())
}

fn require(ctx: Ctx<'_>, what: JsString<'_>) -> Result<()> {
    require_invocation(&ctx, &text::text(&what)?)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("fault", Function::new(ctx.clone(), fault)?)?;
    host.set("backgroundFault", Function::new(ctx.clone(), background_fault)?)?;
    host.set("promiseGiven", Function::new(ctx.clone(), phase::promise_given)?)?;
    host.set("promiseSettled", Function::new(ctx.clone(), phase::promise_settled)?)?;
    host.set("requireInvocation", Function::new(ctx.clone(), require)?)?;
    host.set("answered", Function::new(ctx.clone(), phase::answered)?)
}
