//! New code: how long its deploy takes, and its first call.

use std::time::Instant;

use super::{Bench, median, ms, progress, quantile};
use crate::connection::{Connection, request};
use crate::failure::{Tried, Trying as _};
use crate::report::Deploys;
use crate::ways::{Start, deployed_code, javy_deploy};
use crate::work::Work;

/// Measures ours over HTTP, and Javy's modules in this process.
pub async fn measure(bench: &Bench, failures: &mut Vec<String>) -> Vec<Deploys> {
    let Some(hello) = bench.work("hello") else { return Vec::new() };
    progress("deploys and first calls");
    let mut found = Vec::new();
    for measured in [ours(bench, &hello).await, javy(bench, &hello).await] {
        match measured {
            Ok(deploys) => found.extend(deploys),
            Err(error) => failures.push(error.to_string()),
        }
    }
    found
}

fn deploys(way: &str, about: &str, deploy: &[f64], first: &[f64]) -> Deploys {
    Deploys {
        way: way.to_owned(),
        about: about.to_owned(),
        deploy_ms: median(deploy),
        first_call_ms: median(first),
        first_call_p99_ms: quantile(first, 0.99),
    }
}

async fn ours(bench: &Bench, hello: &Work) -> Tried<Option<Deploys>> {
    let running = bench.running.iter().find(|running| matches!(running.way.start, Start::Mayfly(_)));
    let Some(app) = running.and_then(|running| running.app.as_ref()) else { return Ok(None) };
    let times = if bench.quick { 10 } else { 50 };
    let (mut deploy, mut first) = (Vec::new(), Vec::new());
    let mut connection = Connection::open(app.address).await.trying(|| "connect".to_owned())?;
    for number in 0..times {
        let name = format!("new-{number}");
        // Other code each time, as it is with tenants: nothing of an earlier deploy can be used.
        let code = format!("{}\n// {number}", deployed_code(hello));
        deploy.push(ms(app.deploy(&name, &code).await?));
        let call = request("GET", &app.path(&name), &[], b"");
        let begun = Instant::now();
        connection.send(&call).await.trying(|| format!("call {name}"))?;
        first.push(ms(begun.elapsed()));
    }
    Ok(Some(deploys("mayfly", "an HTTP request each", &deploy, &first)))
}

async fn javy(bench: &Bench, hello: &Work) -> Tried<Option<Deploys>> {
    let wanted = bench.running.iter().any(|running| running.way.name == "wasm-static");
    if !wanted {
        return Ok(None);
    }
    let times = if bench.quick { 1 } else { 3 };
    let (mut deploy, mut first) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let (compiled, called) =
            javy_deploy(hello).await.trying(|| "compile a module of Javy's".to_owned())?;
        deploy.push(ms(compiled));
        first.push(ms(called));
    }
    Ok(Some(deploys("wasm-static", "compiling the module and calling it, in process", &deploy, &first)))
}
