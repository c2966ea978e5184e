//! Code that runs once: compiled to bytecode, which is evaluated in the sandbox of the run itself. No image is made.

use super::source::{JavaScript, ScriptSource, SourcePositions};
use super::{bytecode, deploy_limits};
use crate::error::CompileError;
use crate::guest::Guest;
use crate::image::Image;
use crate::limits::Limits;
use crate::script::Script;

/// Begins the function whose body a script is; what ends it hands over what it returned.
const BEGIN: &str = "export default async (req, ctx) => { const { input } = ctx.trigger; return ((value) => value instanceof \
    Response ? value : value === undefined ? new Response(null, { status: 204 }) : Response.json(value))(await (async () => {";
const END: &str = "})()) };";

/// Compiles JavaScript to bytecode, within `limits` and those of a deploy. `spent` grows by the fuel that it took, whatever comes
/// of it.
pub(crate) async fn compile(
    guest: &Guest,
    base: &Image,
    source: &ScriptSource,
    script: JavaScript,
    limits: &Limits,
    spent: &mut u64,
) -> Result<Script, CompileError> {
    let of_deploy = deploy_limits();
    let limits = Limits {
        fuel: of_deploy.fuel.min(limits.fuel),
        timeout: of_deploy.timeout.min(limits.timeout),
        ..of_deploy
    };
    let positions = SourcePositions::new(&script.source_map, &source.source.code);
    let bytecode = bytecode::compile(guest, base, &script.code, &positions, &limits, spent).await?;
    Ok(Script { bytecode, imports_node: script.imports_node, source_map: script.source_map })
}

/// The module that the engine runs, and on how many lines before the code it begins.
pub(super) fn wrapped(prologue: &str, code: &str, is_module: bool) -> (String, u32) {
    let (before, after) = match is_module {
        true => (format!("{prologue}\n"), ""),
        false => (format!("{prologue}\n{BEGIN}\n"), END),
    };
    let lines = before.bytes().filter(|byte| *byte == b'\n').count() as u32;
    (format!("{before}{code}\n{after}"), lines)
}
