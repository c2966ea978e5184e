//! Memory of tenants: what a server holds for each, before and after its first call. Each has code of its own.

use super::{Bench, progress};
use crate::connection::{Connection, request};
use crate::failure::{BenchError, Tried, Trying as _};
use crate::machine::memory_kib;
use crate::report::Kept;
use crate::ways::{Deployed, Running, Server, Start, deployed_code};
use crate::work::Work;

/// Processes that are started to see what one takes.
const PROCESSES: usize = 8;

/// Ways that can hold tenants apart within one process, and what a tenant is there.
const HOLDERS: [(&str, &str); 4] = [
    ("isolated-vm", "an isolate that is kept"),
    ("node-vm", "a context that is kept"),
    ("quickjs-emscripten", "a context that is kept"),
    ("workerd-loader", "a worker that is kept"),
];

/// Measures each way that runs and can hold tenants apart.
pub async fn measure(bench: &Bench, most: usize, failures: &mut Vec<String>) -> Vec<Kept> {
    let mut found = Vec::new();
    let counts: Vec<usize> = [10, 100, 1_000, 10_000].into_iter().filter(|count| *count <= most).collect();
    let Some(hello) = bench.work("hello") else { return found };
    for running in &bench.running {
        let name = running.way.name;
        let holder = HOLDERS.iter().find(|(holder, _)| *holder == name);
        let measured = match (running.way.start, holder) {
            (Start::Mayfly([]), _) => ours(bench, &hello, &counts, &mut found).await,
            (_, Some((_, about))) => held(bench, running, &hello, &counts, about, &mut found).await,
            _ if name == "node" => processes(bench, running, &hello, &mut found).await,
            _ => continue,
        };
        if let Err(error) = measured {
            failures.push(format!("memory of {name}: {error}"));
        }
    }
    found
}

fn kib(pid: Option<u32>) -> Tried<f64> {
    let kib = pid.and_then(memory_kib);
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    kib.map(|kib| kib as f64)
        .ok_or_else(|| BenchError::new("read a process's memory", "the system does not say it"))
}

/// What a tenant takes of so much.
fn each(now: f64, before: f64, count: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "at most 10,000")]
    let count = count as f64;
    (now - before).max(0.0) / count
}

async fn ours(bench: &Bench, hello: &Work, counts: &[usize], found: &mut Vec<Kept>) -> Tried<()> {
    progress("memory of mayfly's tenants");
    let Ok(server) = Server::start(&bench.place, "mayfly-memory", &[]).await? else { return Ok(()) };
    let app = Deployed::new(server.process.address, &server.admin_key, "memory").await?;
    let code = deployed_code(hello);
    // One that is not counted: the engine's own memory is there after it.
    app.deploy("first", &code).await?;
    let mut connection = Connection::open(app.address).await.trying(|| "connect".to_owned())?;
    connection.send(&request("GET", &app.path("first"), &[], b"")).await.trying(|| "call".to_owned())?;
    let base = kib(Some(server.process.pid()))?;
    let mut deployed = 0;
    let mut called = 0;
    for &count in counts {
        let before = kib(Some(server.process.pid()))?;
        for number in deployed..count {
            app.deploy(&format!("tenant-{number}"), &format!("{code}// {number}")).await?;
        }
        let idle = each(kib(Some(server.process.pid()))?, before, count - deployed);
        deployed = count;
        // The server has closed the last one: many deploys take longer than a connection may be idle.
        let mut connection = Connection::open(app.address).await.trying(|| "connect".to_owned())?;
        for number in called..count {
            let call = request("GET", &app.path(&format!("tenant-{number}")), &[], b"");
            connection.send(&call).await.trying(|| format!("call tenant {number}"))?;
        }
        called = count;
        let active = each(kib(Some(server.process.pid()))?, base, count);
        found.push(Kept {
            way: "mayfly".to_owned(),
            tenants: count,
            idle_kib: Some(idle),
            active_kib: active,
            about: "a deployed function, its image mapped".to_owned(),
        });
    }
    Ok(())
}

async fn held(
    bench: &Bench,
    running: &Running,
    hello: &Work,
    counts: &[usize],
    about: &str,
    found: &mut Vec<Kept>,
) -> Tried<()> {
    progress(&format!("memory of {}'s tenants", running.way.name));
    let Ok(second) = Running::start(running.way, &bench.place, std::slice::from_ref(hello)).await? else {
        return Ok(());
    };
    second.check(hello).await?;
    let pid = second.process.as_ref().map(crate::ways::Started::pid);
    let base = kib(pid)?;
    let mut connection = Connection::open(second.address).await.trying(|| "connect".to_owned())?;
    let mut made = 0;
    for &count in counts.iter().filter(|count| **count <= 1_000) {
        for number in made..count {
            let call = request("GET", &format!("/tenant-{number}"), &[], b"");
            let (status, body) = connection.send(&call).await.trying(|| format!("tenant {number}"))?;
            if status != 200 || body != hello.answer {
                return Err(BenchError::new(format!("tenant {number}"), String::from_utf8_lossy(body)));
            }
        }
        made = count;
        found.push(Kept {
            way: running.way.name.to_owned(),
            tenants: count,
            idle_kib: None,
            active_kib: each(kib(pid)?, base, count),
            about: about.to_owned(),
        });
    }
    Ok(())
}

async fn processes(bench: &Bench, running: &Running, hello: &Work, found: &mut Vec<Kept>) -> Tried<()> {
    progress("memory of processes");
    let mut all = Vec::new();
    for _ in 0..PROCESSES {
        let Ok(one) = Running::start(running.way, &bench.place, std::slice::from_ref(hello)).await? else {
            return Ok(());
        };
        one.check(hello).await?;
        all.push(one);
    }
    let mut sum = 0.0;
    for one in &all {
        sum += kib(one.process.as_ref().map(crate::ways::Started::pid))?;
    }
    found.push(Kept {
        way: running.way.name.to_owned(),
        tenants: PROCESSES,
        idle_kib: None,
        active_kib: each(sum, 0.0, PROCESSES),
        about: "a process".to_owned(),
    });
    Ok(())
}
