//! A module a function that contains Javy's engine, and a fresh instance of it for each request.
use bytes::Bytes;
use wasmtime::{Engine, InstancePre, Module};
use wasmtime_wasi::p1::WasiP1Ctx;

use super::in_process::{Answers, AnswersFuture};
use super::{Shares, Start, Way, javy};
use crate::failure::{Tried, Trying as _};
use crate::work::Work;

pub(super) const WAY: Way = Way {
    name: "wasm-static",
    about: "a module a function by stock Javy, static; a fresh instance for each request",
    shares: Shares::Nothing,
    has: &[],
    start: Start::InProcess(make),
};

struct Modules {
    engine: Engine,
    modules: Vec<InstancePre<WasiP1Ctx>>,
}

fn make(works: &[Work]) -> Tried<Box<dyn Answers>> {
    let made = futures_util::future::FutureExt::now_or_never(modules(works));
    let made = made.unwrap_or_else(|| Err(wasmtime::Error::msg("the plugin waited for something")));
    Ok(Box::new(made.trying(|| "prepare Javy's modules".to_owned())?))
}

async fn modules(works: &[Work]) -> wasmtime::Result<Modules> {
    let engine = javy::engine()?;
    let plugin = javy::plugin(&engine).await?;
    let compiled = Module::new(&engine, &plugin)?;
    let linker = javy::linker(&engine)?;
    let mut modules = Vec::new();
    for work in works {
        let bytecode = javy::bytecode(&engine, &compiled, &javy::program(&work.source)).await?;
        let module = Module::new(&engine, javy::static_module(&plugin, &bytecode)?)?;
        modules.push(linker.instantiate_pre(&module)?);
    }
    Ok(Modules { engine, modules })
}

impl Answers for Modules {
    fn answer(&self, work: usize, body: Bytes) -> AnswersFuture<'_> {
        Box::pin(async move {
            let module = self.modules.get(work).ok_or("no such work")?;
            let (mut store, output) = javy::store(&self.engine, body);
            let run = async {
                let instance = module.instantiate_async(&mut store).await?;
                let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
                start.call_async(&mut store, ()).await
            };
            run.await.map_err(|error: wasmtime::Error| format!("{error:?}"))?;
            Ok(output.contents())
        })
    }
}
