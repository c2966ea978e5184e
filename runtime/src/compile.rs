//! `Engine::build`: source to image, one phase a file. Only the first phase runs outside of a sandbox, and that one in a
//! process that may die.

mod bytecode;
mod evaluate;
mod plan;
mod source_map;
mod typescript;
mod worker;

pub use plan::Allocation;
pub use source_map::SourceMap;
pub use typescript::imports;
pub use worker::compile_worker;

pub(crate) use evaluate::{Loading, add_library, initialize};
pub(crate) use plan::Placing;
pub(crate) use worker::Compiler;

use std::time::Duration;

use crate::digest::sha256_hex;
use crate::engine::{Engine, EngineError};
use crate::error::CompileError;
use crate::image::snapshot::snapshot;
use crate::limits::{FUEL_PER_CPU_MS, Limits};

/// The largest source, in bytes.
pub const SOURCE_BYTES_MAX: usize = 1 << 20;
// CPU for compiling and for the top level, each.
const DEPLOY_CPU_MS: u64 = 2_000;
const DEPLOY_TIMEOUT: Duration = Duration::from_secs(10);
const DEPLOY_MEMORY_BYTES: usize = 128 << 20;

/// One function's code, in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name that stacks show: `notes.ts`. One that ends in `.js`, `.mjs` or `.cjs` is JavaScript, anything else
    /// TypeScript.
    pub file_name: String,
    /// The text.
    pub code: String,
    /// Where a bundler made the text of other files: its source map, version 3, JSON. One that cannot be read is refused.
    pub source_map: Option<String>,
}

/// A function version, ready to be kept and loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The image's bytes, portable between machines.
    pub image: Vec<u8>,
    /// Their SHA-256, in hexadecimal.
    pub digest: String,
    /// The engine that the image belongs to.
    pub engine_digest: String,
    /// JSON that leads from the code that runs back to the source.
    pub source_map: String,
    /// Fuel that compiling and the top level used.
    pub init_fuel: u64,
}

impl Engine {
    /// Compiles a function and runs its top level, under limits of their own and without any capability.
    pub async fn build(&self, source: &Source) -> Result<Build, CompileError> {
        let used = source.code.len();
        if used > SOURCE_BYTES_MAX {
            return Err(CompileError::TooLarge { used, limit: SOURCE_BYTES_MAX });
        }
        let script = self.inner.compiler.to_javascript(source).await?;
        let places = Places { map: SourceMap::parse(&script.source_map), source: &source.code };
        let limits = deploy_limits();
        let internal = |error: EngineError| CompileError::Internal { reason: error.to_string() };
        // For both: the engine resolves imports while it compiles.
        let base = self.inner.base_for(script.imports_node).await.map_err(internal)?;
        let (bytecode, compile_fuel) =
            bytecode::compile(&self.inner, base, &script.code, &places, &limits).await?;
        let (memory, load_fuel) = evaluate::evaluate(&self.inner, base, &bytecode, &places, &limits).await?;
        let image = snapshot(&memory, self.inner.stack_bytes);
        Ok(Build {
            digest: sha256_hex(&image),
            image,
            engine_digest: self.digest().to_owned(),
            source_map: script.source_map,
            init_fuel: compile_fuel + load_fuel,
        })
    }
}

fn deploy_limits() -> Limits {
    Limits {
        fuel: DEPLOY_CPU_MS * FUEL_PER_CPU_MS,
        timeout: DEPLOY_TIMEOUT,
        memory_bytes: DEPLOY_MEMORY_BYTES,
        host_operations: 0,
        subrequests: 0,
        ..Limits::default()
    }
}

/// JavaScript, and the way back from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) code: String,
    pub(crate) source_map: String,
    /// Whether it imports one of Node's modules.
    pub(crate) imports_node: bool,
}

/// Leads from places in the code that runs to places in the source.
pub(crate) struct Places<'a> {
    map: Option<SourceMap>,
    source: &'a str,
}

impl Places<'_> {
    fn map_stack(&self, stack: &str) -> String {
        self.map.as_ref().map_or_else(|| stack.to_owned(), |map| map.map_stack(stack))
    }

    /// The place that the stack's first line names.
    fn first_of(&self, stack: &str) -> Option<crate::error::SourcePlace> {
        self.map.as_ref()?.first_place(stack, self.source)
    }
}
