//! An empty instance of wasmtime's for each request, behind the same bare server: what a sandbox costs in which nothing runs.
use bytes::Bytes;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module, PoolingAllocationConfig, Store,
};

use super::in_process::{Answers, AnswersFuture};
use super::{Shares, Start, Way};
use crate::failure::{Tried, Trying as _};
use crate::work::{Needs, Work};

pub(super) const WAY: Way = Way {
    name: "wasmtime-empty",
    about: "an empty wasmtime instance for each request, behind hyper",
    shares: Shares::Floor,
    has: &[Needs::Timers, Needs::Database],
    start: Start::InProcess(make),
};

struct Empty {
    engine: Engine,
    module: InstancePre<()>,
    answers: Vec<Bytes>,
}

fn make(works: &[Work]) -> Tried<Box<dyn Answers>> {
    let made = || -> wasmtime::Result<(Engine, InstancePre<()>)> {
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(PoolingAllocationConfig::default()));
        let engine = Engine::new(&config)?;
        let mut module = wasm_encoder::Module::new();
        let mut memories = wasm_encoder::MemorySection::new();
        let memory = wasm_encoder::MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        };
        memories.memory(memory);
        module.section(&memories);
        let module = Module::new(&engine, module.finish())?;
        let module = Linker::new(&engine).instantiate_pre(&module)?;
        Ok((engine, module))
    };
    let (engine, module) = made().trying(|| "prepare an empty module".to_owned())?;
    let answers = works.iter().map(|work| Bytes::from(work.answer.clone())).collect();
    Ok(Box::new(Empty { engine, module, answers }))
}

impl Answers for Empty {
    fn answer(&self, work: usize, _body: Bytes) -> AnswersFuture<'_> {
        let mut store = Store::new(&self.engine, ());
        let instance = self.module.instantiate(&mut store).map_err(|error| error.to_string());
        let answer =
            instance.and_then(|_| self.answers.get(work).cloned().ok_or_else(|| "no such work".to_owned()));
        Box::pin(std::future::ready(answer))
    }
}
