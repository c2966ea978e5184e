//! A module of Javy's under an engine with one limit switched on.

use std::time::{Duration, Instant};

use bytes::Bytes;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module, PoolingAllocationConfig, Store,
    StoreLimits, StoreLimitsBuilder,
};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::{WasiP1Ctx, add_to_linker_async};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};

use crate::failure::{BenchError, Tried, Trying as _};
use crate::work::Work;

/// Fuel and epochs that are never used up: what is measured is the counting.
const PLENTY: u64 = 1 << 60;

/// Memory that an instance may have, in bytes.
const MEMORY: usize = 256 << 20;

/// What is switched on.
#[derive(Debug, Clone, Copy, Default)]
struct On {
    fuel: bool,
    epochs: bool,
    limiter: bool,
    on_demand: bool,
}

/// An engine, and a module that it compiled.
pub struct Limited {
    /// The limit.
    pub name: &'static str,
    on: On,
    engine: Engine,
    module: InstancePre<State>,
}

impl std::fmt::Debug for Limited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limited").field("name", &self.name).finish_non_exhaustive()
    }
}

struct State {
    wasi: WasiP1Ctx,
    limits: StoreLimits,
}

impl Limited {
    /// One without any limit first, then one with each, then one with all.
    pub async fn all(work: &Work) -> Tried<Vec<Self>> {
        let off = On::default();
        let all = [
            ("none, pooled", off),
            ("fuel", On { fuel: true, ..off }),
            ("epochs", On { epochs: true, ..off }),
            ("memory limiter", On { limiter: true, ..off }),
            (
                "fuel, epochs, memory limiter",
                On { fuel: true, epochs: true, limiter: true, on_demand: false },
            ),
            ("none, not pooled", On { on_demand: true, ..off }),
        ];
        let engine = super::engine().trying(|| "make an engine".to_owned())?;
        let wasm = module(&engine, work).await.trying(|| format!("make a module of {}", work.name))?;
        let made = all.into_iter().map(|(name, on)| Self::new(name, on, &wasm).trying(|| name.to_owned()));
        made.collect()
    }

    fn new(name: &'static str, on: On, wasm: &[u8]) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config.consume_fuel(on.fuel).epoch_interruption(on.epochs);
        if !on.on_demand {
            let mut pool = PoolingAllocationConfig::default();
            pool.linear_memory_keep_resident(super::KEEP_RESIDENT).table_keep_resident(super::KEEP_RESIDENT);
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        }
        let engine = Engine::new(&config)?;
        let mut linker: Linker<State> = Linker::new(&engine);
        add_to_linker_async(&mut linker, |state: &mut State| &mut state.wasi)?;
        let module = linker.instantiate_pre(&Module::new(&engine, wasm)?)?;
        Ok(Self { name, on, engine, module })
    }

    /// The time of one invocation, as the mean of some.
    pub async fn time(&self, work: &Work, times: usize) -> Tried<Duration> {
        let body = Bytes::from(work.body.clone());
        let begun = Instant::now();
        for _ in 0..times {
            let answer = self.run(body.clone()).await.trying(|| self.name.to_owned())?;
            if answer != work.answer {
                return Err(BenchError::new(self.name, format!("{} answers wrong", work.name)));
            }
        }
        Ok(begun.elapsed() / u32::try_from(times).unwrap_or(1).max(1))
    }

    async fn run(&self, body: Bytes) -> wasmtime::Result<Bytes> {
        let output = MemoryOutputPipe::new(super::OUTPUT_MAX);
        let wasi = WasiCtxBuilder::new().stdin(MemoryInputPipe::new(body)).stdout(output.clone()).build_p1();
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY).build();
        let mut store = Store::new(&self.engine, State { wasi, limits });
        if self.on.limiter {
            store.limiter(|state| &mut state.limits);
        }
        if self.on.fuel {
            store.set_fuel(PLENTY)?;
        }
        if self.on.epochs {
            store.set_epoch_deadline(PLENTY);
        }
        let instance = self.module.instantiate_async(&mut store).await?;
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
        start.call_async(&mut store, ()).await?;
        Ok(output.contents())
    }
}

/// A work's static module.
async fn module(engine: &Engine, work: &Work) -> wasmtime::Result<Vec<u8>> {
    let plugin = super::plugin(engine).await?;
    let compiled = Module::new(engine, &plugin)?;
    let bytecode = super::bytecode(engine, &compiled, &super::program(&work.source)).await?;
    super::static_module(&plugin, &bytecode)
}

/// Compiles a work's module as a deploy would, with the engine there already, and runs it for the first time.
pub async fn deploy(work: &Work) -> wasmtime::Result<(Duration, Duration)> {
    let engine = super::engine()?;
    let plugin = super::plugin(&engine).await?;
    let compiled = Module::new(&engine, &plugin)?;
    let linker = super::linker(&engine)?;
    let begun = Instant::now();
    let bytecode = super::bytecode(&engine, &compiled, &super::program(&work.source)).await?;
    let module = Module::new(&engine, super::static_module(&plugin, &bytecode)?)?;
    let module = linker.instantiate_pre(&module)?;
    let deployed = begun.elapsed();
    let begun = Instant::now();
    let (mut store, _output) = super::store(&engine, Bytes::from(work.body.clone()));
    let instance = module.instantiate_async(&mut store).await?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    start.call_async(&mut store, ()).await?;
    Ok((deployed, begun.elapsed()))
}
