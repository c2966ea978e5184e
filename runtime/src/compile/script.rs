//! Code that runs once: compiled to bytecode, which is evaluated in the sandbox of the run itself. No image is made.

use oxc::ast::ast::{Program, Statement};
use oxc_sourcemap::{ConcatSourceMapBuilder, SourceMap};

use super::source::{JavaScript, ScriptSource, SourcePositions};
use super::{bytecode, deploy_limits};
use crate::error::CompileError;
use crate::guest::Guest;
use crate::image::Image;
use crate::limits::Limits;

/// Begins the function whose body a script is; what ends it hands over what it returned.
const BEGIN: &str = "export default async (req, ctx) => { const { input } = ctx.trigger; return ((value) => value instanceof \
    Response ? value : value === undefined ? new Response(null, { status: 204 }) : Response.json(value))(await (async () => {";
const END: &str = "})()) };";

/// Compiled code that runs once, or again. Cheap to keep: it is bytecode, no image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub(crate) bytecode: Vec<u8>,
    /// Whether it imports one of Node's modules.
    pub(crate) imports_node: bool,
    /// JSON that leads from the code that runs back to the source.
    pub source_map: String,
    /// Fuel that compiling used.
    pub compile_fuel: u64,
}

impl Script {
    /// What keeping it takes, in bytes.
    pub fn size(&self) -> usize {
        self.bytecode.len() + self.source_map.len()
    }
}

/// Compiles JavaScript to bytecode, within `limits` and those of a deploy.
pub(crate) async fn compile(
    guest: &Guest,
    base: &Image,
    source: &ScriptSource,
    script: JavaScript,
    limits: &Limits,
) -> Result<Script, CompileError> {
    let of_deploy = deploy_limits();
    let limits = Limits {
        fuel: of_deploy.fuel.min(limits.fuel),
        timeout: of_deploy.timeout.min(limits.timeout),
        ..of_deploy
    };
    let positions = SourcePositions::new(&script.source_map, &source.source.code);
    let (bytecode, compile_fuel) = bytecode::compile(guest, base, &script.code, &positions, &limits).await?;
    Ok(Script { bytecode, imports_node: script.imports_node, source_map: script.source_map, compile_fuel })
}

/// Whether a program imports or exports something: then it is a module as it is. An export of nothing, which is what types leave
/// behind, is dropped.
pub(super) fn is_module(program: &mut Program<'_>) -> bool {
    program.body.retain(|statement| !exports_nothing(statement));
    program.body.iter().any(Statement::is_module_declaration)
}

fn exports_nothing(statement: &Statement<'_>) -> bool {
    matches!(statement, Statement::ExportNamedDeclaration(export)
        if export.specifiers.is_empty())
}

/// The module that the engine runs, with the map moved to where the code now stands.
pub(super) fn wrapped(prologue: &str, code: &str, is_module: bool, map: &SourceMap<'_>) -> (String, String) {
    let (before, after) = match is_module {
        true => (format!("{prologue}\n"), ""),
        false => (format!("{prologue}\n{BEGIN}\n"), END),
    };
    let lines = before.bytes().filter(|byte| *byte == b'\n').count() as u32;
    let map = ConcatSourceMapBuilder::from_sourcemaps(&[(map, lines)]).into_sourcemap();
    (format!("{before}{code}\n{after}"), map.to_json_string())
}
