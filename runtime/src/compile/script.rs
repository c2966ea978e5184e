//! Code that runs once: compiled to bytecode, which is evaluated in the sandbox of the run itself. No image is made.

use super::source::{JavaScript, ScriptSource, SourcePositions};
use super::{bytecode, deploy_limits};
use crate::error::CompileError;
use crate::guest::Guest;
use crate::image::Image;
use crate::limits::Limits;
use crate::script::Script;

/// Begins the function whose body a script is, under the name by which the guest finds it (`guest-sdk/src/api/scripts.js`). A
/// function of its own: a script may declare an `input` itself.
const BEGIN: &str = "export const __body = (req, ctx, input) => async () => {";
const END: &str = "};";

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
    let positions = SourcePositions::new(&script.source_map, &source.0.code);
    let bytecode = bytecode::compile(guest, base, &script.code, &positions, &limits, spent).await?;
    Ok(Script { bytecode, imports_node: script.imports_node, source_map: script.source_map })
}

/// The module that the engine runs, and on how many lines before the code it begins.
pub(super) fn wrapped(code: &str, is_module: bool) -> (String, u32) {
    if is_module { (code.to_owned(), 0) } else { (format!("{BEGIN}\n{code}\n{END}"), 1) }
}
