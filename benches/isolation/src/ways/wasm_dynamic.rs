//! A small module a function beside one of Javy's engine, and fresh instances of both for each request.
use bytes::Bytes;
use wasmtime::{Engine, Extern, Instance, InstancePre, Module};
use wasmtime_wasi::p1::WasiP1Ctx;

use super::in_process::{Answers, AnswersFuture};
use super::{Shares, Start, Way, javy};
use crate::failure::{Tried, Trying as _};
use crate::work::Work;

pub(super) const WAY: Way = Way {
    name: "wasm-dynamic",
    about: "a module a function by stock Javy, dynamic; fresh instances for each request",
    shares: Shares::Nothing,
    has: &[],
    start: Start::InProcess(make),
};

struct Modules {
    engine: Engine,
    plugin: InstancePre<WasiP1Ctx>,
    modules: Vec<Module>,
}

fn make(works: &[Work]) -> Tried<Box<dyn Answers>> {
    let made = futures_util::future::FutureExt::now_or_never(modules(works));
    let made = made.unwrap_or_else(|| Err(wasmtime::Error::msg("the plugin waited for something")));
    Ok(Box::new(made.trying(|| "prepare Javy's modules".to_owned())?))
}

async fn modules(works: &[Work]) -> wasmtime::Result<Modules> {
    let engine = javy::engine()?;
    let plugin = Module::new(&engine, javy::plugin(&engine).await?)?;
    let mut modules = Vec::new();
    for work in works {
        let bytecode = javy::bytecode(&engine, &plugin, &javy::program(&work.source)).await?;
        modules.push(Module::new(&engine, javy::dynamic_module(&bytecode)?)?);
    }
    let plugin = javy::linker(&engine)?.instantiate_pre(&plugin)?;
    Ok(Modules { engine, plugin, modules })
}

impl Modules {
    async fn run(&self, module: &Module, body: Bytes) -> wasmtime::Result<Bytes> {
        let (mut store, output) = javy::store(&self.engine, body);
        let plugin = self.plugin.instantiate_async(&mut store).await?;
        let imports: Vec<Extern> =
            module.imports().filter_map(|import| plugin.get_export(&mut store, import.name())).collect();
        let instance = Instance::new_async(&mut store, module, &imports).await?;
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
        start.call_async(&mut store, ()).await?;
        Ok(output.contents())
    }
}

impl Answers for Modules {
    fn answer(&self, work: usize, body: Bytes) -> AnswersFuture<'_> {
        Box::pin(async move {
            let module = self.modules.get(work).ok_or("no such work")?;
            self.run(module, body).await.map_err(|error| format!("{error:?}"))
        })
    }
}
