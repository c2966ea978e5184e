//! Source to image, one phase a file. Only the first phase runs outside of a sandbox, and that one in a process that may
//! die.

mod bytecode;
mod engine_image;
mod evaluate;
mod guest_call;
pub(crate) mod hot;
mod layout;
pub(crate) mod native;
mod script;
mod source;
pub(crate) mod source_map;
mod typescript;
mod worker;

pub use layout::Allocation;
pub use source::{SOURCE_BYTES_MAX, ScriptSource, Source};
pub use source_map::SourceMap;
pub use typescript::needs_bundler;
pub use worker::compile_worker;

pub(crate) use engine_image::{add_library, initialize};
pub(crate) use layout::AllocationLayout;
pub(crate) use script::compile as compile_script;
pub(crate) use worker::{Compiler, Uncompiled};

use std::time::Duration;

use crate::blocking::apart;
use crate::digest::sha256_hex;
use crate::error::CompileError;
use crate::guest::Guest;
use crate::image::Image;
use crate::image::snapshot::snapshot;
use crate::limits::{FUEL_PER_CPU_MS, Limits};
use source::{JavaScript, SourcePositions};

// CPU and memory of the top level, and of compiling, which takes as much as the code is long.
const DEPLOY_CPU_MS: u64 = 2_000;
const DEPLOY_MEMORY_BYTES: usize = 128 << 20;
const COMPILE_CPU_MS: u64 = 6_000;
const COMPILE_MEMORY_BYTES: usize = 384 << 20;
const DEPLOY_TIMEOUT: Duration = Duration::from_secs(10);

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

/// Refuses a source that is too large.
pub(crate) fn check_size(source: &Source) -> Result<(), CompileError> {
    let used = source.code.len();
    if used > SOURCE_BYTES_MAX {
        return Err(CompileError::TooLarge { used, limit: SOURCE_BYTES_MAX });
    }
    Ok(())
}

/// Compiles a function's JavaScript and runs its top level, starting from the image `base`. `spent` grows by the fuel that it
/// took, whatever comes of it.
pub(crate) async fn build(
    guest: &Guest,
    base: &Image,
    source: &Source,
    script: JavaScript,
    spent: &mut u64,
) -> Result<Build, CompileError> {
    let positions = SourcePositions::new(&script.source_map, &source.code);
    let limits = deploy_limits();
    let compiling = Limits {
        fuel: COMPILE_CPU_MS * FUEL_PER_CPU_MS,
        memory_bytes: COMPILE_MEMORY_BYTES,
        ..deploy_limits()
    };
    let before = *spent;
    let bytecode = bytecode::compile(guest, base, &script.code, &positions, &compiling, spent).await?;
    let memory = evaluate::evaluate(guest, base, &bytecode, &positions, &limits, spent).await?;
    let init_fuel = *spent - before;
    let stack_bytes = guest.stack_bytes();
    let taken = apart(move || {
        let image = snapshot(&memory, stack_bytes);
        (sha256_hex(&image), image)
    });
    let (digest, image) =
        taken.await.map_err(|failed| CompileError::Internal { reason: failed.to_string() })?;
    Ok(Build {
        digest,
        image,
        engine_digest: guest.digest().to_owned(),
        source_map: script.source_map,
        init_fuel,
    })
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
