//! One run: starts what is there, measures, and reports.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::args::IsolationArgs;
use crate::failure::{BenchError, Tried, Trying as _};
use crate::measures::{
    Bench, cold, deploys, limits, memory, mix, neighbour, one_shot, progress, rates, runaway, throughput,
};
use crate::report::{self, AbsentWay, Report, Settings, WayUsed, WorkDone};
use crate::ways::{self as all_ways, Database, Place, Running, Way};
use crate::work::{self, Work};
use crate::{database, machine};

/// Works of a quick run.
const QUICK_WORKS: [&str; 5] = ["hello", "echo", "loop", "select", "timers"];

/// Prints the schema of the report.
pub fn schema() -> Tried<()> {
    say(&schema_text()?)
}

/// The schema of the report.
pub fn schema_text() -> Tried<String> {
    let schema = schemars::schema_for!(Report);
    let text = serde_json::to_string_pretty(&schema).trying(|| "write the schema".to_owned())?;
    Ok(format!("{text}\n"))
}

/// Measures, and writes what was asked for.
pub fn isolation(args: &IsolationArgs) -> Tried<()> {
    let machine = machine::Machine::here();
    let (server_core, load_cores) = (machine::server_core(), machine::load_cores());
    let scratch = database::scratch()?;
    // PostgreSQL is started before anything is bound: it may use all processors, for every way alike.
    let aside = executor(1, Vec::new())?;
    let (cluster, database) = match aside.block_on(database::start(scratch.path())) {
        Ok((cluster, database)) => (Some(cluster), Some(database)),
        Err(error) => {
            progress(&format!("{error}; ways and works with a database are left out"));
            (None, None)
        }
    };
    machine::bind_to(&load_cores);
    let load = executor(load_cores.len().max(1), load_cores)?;
    let place = place(args, scratch.path(), database, server_core)?;
    let report = load.block_on(async {
        tokio::select! {
            report = measure(args, place, machine) => report,
            // What was started is ended with what is dropped.
            _ = tokio::signal::ctrl_c() => Err(BenchError::new("measure", "interrupted")),
        }
    });
    drop(load);
    if let Some(cluster) = cluster {
        aside.block_on(cluster.stop());
    }
    write(args, &report?)
}

/// An executor whose threads are bound to these processors.
fn executor(threads: usize, cores: Vec<usize>) -> Tried<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(threads).enable_all();
    if !cores.is_empty() {
        builder.on_thread_start(move || machine::bind_to(&cores));
    }
    builder.build().trying(|| "start an executor".to_owned())
}

fn place(
    args: &IsolationArgs,
    scratch: &Path,
    database: Option<Database>,
    core: Option<usize>,
) -> Tried<Place> {
    let own = std::env::current_exe().trying(|| "find this program".to_owned())?;
    let beside = own.with_file_name("mayfly");
    // Programs are started in other folders than this one.
    let peers = std::fs::canonicalize(&args.peers).unwrap_or_else(|_| args.peers.clone());
    Ok(Place {
        server: args.server.clone().unwrap_or(beside),
        own,
        peers,
        scratch: scratch.to_owned(),
        database,
        core,
    })
}

fn chosen_ways(args: &IsolationArgs) -> Vec<Way> {
    let is_chosen = |way: &Way| {
        args.ways.is_empty() || way.name == throughput::FLOOR || args.ways.iter().any(|name| name == way.name)
    };
    all_ways::all().into_iter().filter(is_chosen).collect()
}

fn chosen_works(args: &IsolationArgs, has_database: bool) -> Vec<Work> {
    let is_chosen = |work: &Work| match (args.work.is_empty(), args.quick) {
        (false, _) => args.work.iter().any(|name| name == work.name),
        (true, true) => QUICK_WORKS.contains(&work.name),
        (true, false) => true,
    };
    let works = work::all().into_iter().filter(is_chosen);
    works.filter(|work| has_database || work.needs != work::Needs::Database).collect()
}

async fn measure(args: &IsolationArgs, place: Place, machine: machine::Machine) -> Tried<Report> {
    let begun = Instant::now();
    let works = if args.mix.is_some() { Vec::new() } else { chosen_works(args, place.database.is_some()) };
    let seconds = args.seconds.unwrap_or(if args.quick { 0.2 } else { 0.4 });
    let rounds = args.rounds.unwrap_or(if args.quick { 1 } else { 3 });
    let settings = Settings { rounds, seconds, quick: args.quick };
    let mut report = Report::new(machine, settings, machine::commit());
    report.works = works
        .iter()
        .map(|work| WorkDone { name: work.name.to_owned(), about: work.about.to_owned() })
        .collect();
    if let Some(path) = &args.mix {
        // A mix is one measurement: a longer one than of the many cells.
        let measured = args
            .seconds
            .map_or(Duration::from_secs(if args.quick { 2 } else { 10 }), Duration::from_secs_f64);
        report.mix = Some(mix::measure(&place, path, measured).await?);
    } else {
        let running = start(args, &place, &works, &mut report).await;
        let measured = Duration::from_secs_f64(seconds);
        let is_bounded = args.rounds.is_none() && args.seconds.is_none();
        let bench = Bench { place, works, running, rounds, measured, is_bounded, quick: args.quick };
        ways(args, &bench, &mut report).await;
    }
    report.took_s = begun.elapsed().as_secs();
    Ok(report)
}

/// Measures all ways.
async fn ways(args: &IsolationArgs, bench: &Bench, report: &mut Report) {
    let at =
        if args.at.is_empty() { args.quick.then_some(&[16_usize][..]) } else { Some(args.at.as_slice()) };
    let columns = throughput::columns(&bench.works, at);
    throughput::warm_up(bench).await;
    (report.closed, report.settings.rounds) = throughput::measure(bench, &columns).await;
    report.open = rates::measure(bench, &report.closed).await;
    if args.only_load {
        return;
    }
    let failures = &mut report.failures;
    report.neighbours = neighbour::measure(bench, &report.closed).await;
    report.cold_starts = cold::measure(bench, failures).await;
    report.deploys = deploys::measure(bench, failures).await;
    report.one_shots = one_shot::measure(bench, failures).await;
    report.runaways = runaway::measure(bench, failures).await;
    let tenants = if args.quick { args.tenants.min(100) } else { args.tenants };
    report.memory = memory::measure(bench, tenants, failures).await;
    report.limits = limits::measure(bench, failures).await;
}

/// Starts all ways and checks that each answers rightly; what is not there, or does not, is told.
async fn start(args: &IsolationArgs, place: &Place, works: &[Work], report: &mut Report) -> Vec<Running> {
    let mut running = Vec::new();
    for way in chosen_ways(args) {
        progress(&format!("starting {}", way.name));
        match started(way, place, works).await {
            Ok(Ok(one)) => {
                report.ways.push(WayUsed {
                    name: way.name.to_owned(),
                    about: way.about.to_owned(),
                    shares: way.shares.word().to_owned(),
                    version: one.version.clone(),
                });
                running.push(one);
            }
            Ok(Err(absent)) => report.absent.push(AbsentWay {
                name: way.name.to_owned(),
                missing: absent.missing,
                remedy: absent.remedy,
            }),
            Err(error) => report.absent.push(AbsentWay {
                name: way.name.to_owned(),
                missing: error.to_string(),
                remedy: "it is there, but does not answer rightly".to_owned(),
            }),
        }
    }
    running
}

async fn started(way: Way, place: &Place, works: &[Work]) -> Tried<Result<Running, all_ways::Absent>> {
    let running = match Running::start(way, place, works).await? {
        Ok(running) => running,
        Err(absent) => return Ok(Err(absent)),
    };
    for work in works.iter().filter(|work| way.lack(work).is_none()) {
        running.check(work).await?;
    }
    Ok(Ok(running))
}

fn write(args: &IsolationArgs, report: &Report) -> Tried<()> {
    let json = serde_json::to_string_pretty(report).trying(|| "write the report".to_owned())?;
    if let Some(out) = &args.out {
        file(&out.join("report.json"), &json)?;
        for (name, chart) in report::charts(report)? {
            file(&out.join(name), &chart)?;
        }
    }
    if let Some(path) = &args.write {
        let charts: Vec<(String, String)> = report::charts(report)?;
        let folder =
            path.parent().map_or_else(|| PathBuf::from("performance"), |parent| parent.join("performance"));
        for (name, chart) in &charts {
            file(&folder.join(name), chart)?;
        }
        file(&folder.join("report.json"), &json)?;
        let names: Vec<&str> = charts.iter().map(|(name, _)| name.as_str()).collect();
        file(path, &report::document(report, &names))?;
    }
    say(&if args.json { format!("{json}\n") } else { report::table(report) })
}

fn file(path: &Path, text: &str) -> Tried<()> {
    let tried = || format!("write {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).trying(tried)?;
    }
    std::fs::write(path, text).trying(tried)
}

fn say(text: &str) -> Tried<()> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| BenchError::new("print", error))
}
