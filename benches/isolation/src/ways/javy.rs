//! One WebAssembly module a function by stock Javy, under wasmtime with `wasmtime-wasi`: request on stdin, answer on stdout.
//!
//! What Javy's own command line does is done here: its plugin is initialised and its memory taken as a snapshot, sources
//! become bytecode by the plugin, and a module of a few instructions gives that to the plugin: as a part of it (static), or
//! as a module of its own (dynamic).
mod limited;
mod link;

use bytes::Bytes;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, Linker, Module, PoolingAllocationConfig, Store, TypedFunc,
};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{WasiP1Ctx, add_to_linker_async};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};

pub use limited::{Limited, deploy};
pub(super) use link::{dynamic_module, static_module};

/// As `javy/build.sh` makes it.
const PLUGIN: &[u8] = include_bytes!("../../javy/dist/plugin.wasm");

/// The most that a request may print.
const OUTPUT_MAX: usize = 4 << 20;

/// What is kept of a slot's memory between two requests: the best of what was tried, so that the way is at its best.
const KEEP_RESIDENT: usize = 256 << 10;

/// An engine as embedders have it: pooled, without a meter.
pub(super) fn engine() -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.linear_memory_keep_resident(KEEP_RESIDENT).table_keep_resident(KEEP_RESIDENT);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// A linker with WASI.
pub(super) fn linker(engine: &Engine) -> wasmtime::Result<Linker<WasiP1Ctx>> {
    let mut linker = Linker::new(engine);
    add_to_linker_async(&mut linker, |context| context)?;
    Ok(linker)
}

/// A store whose guest reads `body` from stdin, and what it prints.
pub(super) fn store(engine: &Engine, body: Bytes) -> (Store<WasiP1Ctx>, MemoryOutputPipe) {
    let output = MemoryOutputPipe::new(OUTPUT_MAX);
    let context = WasiCtxBuilder::new().stdin(MemoryInputPipe::new(body)).stdout(output.clone()).build_p1();
    (Store::new(engine, context), output)
}

/// The plugin, initialised.
pub(super) async fn plugin(engine: &Engine) -> wasmtime::Result<Vec<u8>> {
    let module = Module::new(engine, PLUGIN)?;
    let (mut store, _) = store(engine, Bytes::new());
    let instance = linker(engine)?.instantiate_async(&mut store, &module).await?;
    for name in ["_initialize", "initialize-runtime"] {
        let initialise: TypedFunc<(), ()> = instance.get_typed_func(&mut store, name)?;
        initialise.call_async(&mut store, ()).await?;
    }
    let memory = instance.get_memory(&mut store, "memory");
    let memory = memory.ok_or_else(|| wasmtime::Error::msg("the plugin has no memory"))?;
    link::with_memory(PLUGIN, memory.data(&store))
}

/// A handler's source as a program that reads stdin and writes stdout.
pub(super) fn program(source: &str) -> String {
    format!(
        "{source}
const parts = [];
for (;;) {{
  const part = new Uint8Array(65536);
  const length = Javy.IO.readSync(0, part);
  if (length === 0) break;
  parts.push(part.subarray(0, length));
}}
const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
const bytes = new TextEncoder().encode(await handler(new TextDecoder().decode(all), {{}}));
for (let at = 0; at < bytes.length;) at += Javy.IO.writeSync(1, bytes.subarray(at)) ?? bytes.length;
"
    )
}

/// Compiles a source to bytecode, by an instance of the plugin.
pub(super) async fn bytecode(engine: &Engine, plugin: &Module, source: &str) -> wasmtime::Result<Vec<u8>> {
    let missing = || wasmtime::Error::msg("the plugin's memory");
    let (mut store, _) = store(engine, Bytes::new());
    let instance = linker(engine)?.instantiate_async(&mut store, plugin).await?;
    let memory = instance.get_memory(&mut store, "memory").ok_or_else(missing)?;
    let realloc: TypedFunc<(u32, u32, u32, u32), u32> =
        instance.get_typed_func(&mut store, "cabi_realloc")?;
    let compile: TypedFunc<(u32, u32), u32> = instance.get_typed_func(&mut store, "compile-src")?;
    let length = u32::try_from(source.len())?;
    let place = realloc.call_async(&mut store, (0, 0, 1, length)).await?;
    memory.write(&mut store, usize::try_from(place)?, source.as_bytes())?;
    let answer = usize::try_from(compile.call_async(&mut store, (place, length)).await?)?;
    let word = |at: usize| -> wasmtime::Result<usize> {
        let bytes = memory.data(&store).get(at..at + 4).ok_or_else(missing)?;
        Ok(usize::try_from(u32::from_le_bytes(bytes.try_into()?))?)
    };
    let (failed, at, length) = (word(answer)? != 0, word(answer + 4)?, word(answer + 8)?);
    let bytes = memory.data(&store).get(at..at + length).ok_or_else(missing)?.to_vec();
    if failed {
        return Err(wasmtime::Error::msg(String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(bytes)
}
