//! How an invocation ends: a fault, or the word that nothing is pending any more.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result, String as JsString};
use mayfly_abi::fault::{Kind, Report};
use mayfly_abi::op::Call;

use super::require_invocation;
use crate::{budget, entry, import, text};

fn fault(kind: u32, message: JsString<'_>, stack: JsString<'_>, code: Option<JsString<'_>>) -> Result<()> {
    let kind = match kind {
        1 => Kind::StackOverflow,
        2 => Kind::OutOfMemory,
        3 => Kind::NoResponse,
        _ => Kind::Threw,
    };
    let report = Report {
        kind,
        message: text::text(&message)?,
        stack: match budget::stack() {
            Some(stack) => stack,
            None => text::text(&stack)?,
        },
        code: code.as_ref().map(text::text).transpose()?,
    };
    import::send(Call::Fault, &report.to_frame());
    Ok(())
}

fn background_fault(message: JsString<'_>, stack: JsString<'_>, code: Option<JsString<'_>>) -> Result<()> {
    let report = Report {
        kind: Kind::Threw,
        message: text::text(&message)?,
        stack: text::text(&stack)?,
        code: code.as_ref().map(text::text).transpose()?,
    };
    import::send(Call::BackgroundFault, &report.to_frame());
    Ok(())
}

fn require(ctx: Ctx<'_>, what: JsString<'_>) -> Result<()> {
    require_invocation(&ctx, &text::text(&what)?)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("fault", Function::new(ctx.clone(), fault)?)?;
    host.set("backgroundFault", Function::new(ctx.clone(), background_fault)?)?;
    host.set("requireInvocation", Function::new(ctx.clone(), require)?)?;
    host.set("done", Function::new(ctx.clone(), entry::finish)?)
}
