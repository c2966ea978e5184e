//! The report as data. Its schema is `docs/performance/report.schema.json`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::load::Latency;
use crate::machine::Machine;

/// The number of the schema; it grows when a field changes its meaning.
pub const SCHEMA: u32 = 1;

/// One run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// The number of the schema.
    pub schema: u32,
    /// When the run began, as RFC 3339.
    pub started_at: String,
    /// How long it took, in seconds.
    pub took_s: u64,
    /// The commit of the working tree, where there is one.
    pub commit: Option<String>,
    /// The machine.
    pub machine: Machine,
    /// How it was measured.
    pub settings: Settings,
    /// The ways that were measured.
    pub ways: Vec<WayUsed>,
    /// The ways that were not there.
    pub absent: Vec<AbsentWay>,
    /// The works.
    pub works: Vec<WorkDone>,
    /// Throughput and latency in a closed loop.
    pub closed: Vec<Cell>,
    /// Latency at a rate.
    pub open: Vec<OpenCell>,
    /// From a server's start to its first answer.
    pub cold_starts: Vec<ColdStart>,
    /// New code: its deploy, and its first call.
    pub deploys: Vec<Deploys>,
    /// Code that runs once.
    pub one_shots: Vec<OneShot>,
    /// Memory of tenants.
    pub memory: Vec<Kept>,
    /// What a limit costs in the sandbox.
    pub limits: Vec<LimitCost>,
    /// How long a runaway lives.
    pub runaways: Vec<Runaway>,
    /// A caller's latency beside another one's load.
    pub neighbours: Vec<Neighbour>,
    /// The operator's own mix, with `--mix`.
    pub mix: Option<Mix>,
    /// What could not be measured, and why.
    pub failures: Vec<String>,
}

impl Report {
    /// One in which nothing has been measured, begun now.
    pub fn new(machine: Machine, settings: Settings, commit: Option<String>) -> Self {
        Self {
            schema: SCHEMA,
            started_at: mayfly_common::clock::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            took_s: 0,
            commit,
            machine,
            settings,
            ways: Vec::new(),
            absent: Vec::new(),
            works: Vec::new(),
            closed: Vec::new(),
            open: Vec::new(),
            cold_starts: Vec::new(),
            deploys: Vec::new(),
            one_shots: Vec::new(),
            memory: Vec::new(),
            limits: Vec::new(),
            runaways: Vec::new(),
            neighbours: Vec::new(),
            mix: None,
            failures: Vec::new(),
        }
    }
}

/// How a run measured.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Settings {
    /// Rounds; each has all ways and a floor.
    pub rounds: usize,
    /// Seconds of a measurement.
    pub seconds: f64,
    /// Whether it was a quick run, whose figures are coarse.
    pub quick: bool,
}

/// A way that was measured.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WayUsed {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// What requests have in common: `fresh`, `shared` or `floor`.
    pub shares: String,
    /// Its version.
    pub version: String,
}

/// A way that was not there.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AbsentWay {
    /// Its name.
    pub name: String,
    /// What is missing.
    pub missing: String,
    /// How to get it.
    pub remedy: String,
}

/// A work.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WorkDone {
    /// Its name.
    pub name: String,
    /// What it asks for.
    pub about: String,
}

/// One way and one work, over some connections: medians over the rounds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Cell {
    /// The way.
    pub way: String,
    /// The work.
    pub work: String,
    /// Connections at once.
    pub connections: usize,
    /// Right answers a second, the median of the rounds; none where the way cannot do the work.
    pub per_second: Option<f64>,
    /// The share of the floor's answers in the same round, the median.
    pub of_floor: Option<f64>,
    /// Latencies of all rounds.
    pub latency: Option<Latency>,
    /// Answers that were wrong.
    pub wrong: u64,
    /// Requests without an answer.
    pub failed: u64,
    /// Why there is no figure, or an example of a wrong answer.
    pub note: Option<String>,
}

/// One way and one work at a rate.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OpenCell {
    /// The way.
    pub way: String,
    /// The work.
    pub work: String,
    /// Requests a second.
    pub rate: f64,
    /// The rate's share of what the closed loop reached.
    pub share: f64,
    /// Latencies from the intended start.
    pub latency: Latency,
    /// Answers that were wrong, and requests without one.
    pub unanswered: u64,
}

/// A server's start.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ColdStart {
    /// The way.
    pub way: String,
    /// Milliseconds from the start to the first answer of hello, the median.
    pub first_answer_ms: f64,
}

/// New code.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Deploys {
    /// The way.
    pub way: String,
    /// Milliseconds of a deploy, the median.
    pub deploy_ms: f64,
    /// Milliseconds of the first call, the median.
    pub first_call_ms: f64,
    /// The 99th percentile of the first call.
    pub first_call_p99_ms: f64,
    /// What both consist of.
    pub about: String,
}

/// Code that runs once.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct OneShot {
    /// How it is run.
    pub way: String,
    /// Milliseconds from code to answer, the median.
    pub ms: f64,
}

/// Memory of tenants.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Kept {
    /// The way.
    pub way: String,
    /// Tenants, each with code of its own.
    pub tenants: usize,
    /// KiB a tenant that never ran; none where a way has no such state.
    pub idle_kib: Option<f64>,
    /// KiB a tenant that has run once.
    pub active_kib: f64,
    /// What a tenant is here.
    pub about: String,
}

/// What a limit costs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LimitCost {
    /// The limit that is switched on, alone.
    pub limit: String,
    /// The work.
    pub work: String,
    /// Microseconds of an invocation in process, the median.
    pub us: f64,
    /// The share of the time without any limit.
    pub of_none: f64,
}

/// A runaway.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Runaway {
    /// What it does.
    pub about: String,
    /// Its limit in milliseconds.
    pub limit_ms: f64,
    /// Milliseconds until its caller had the answer, the median.
    pub dead_ms: f64,
    /// The code of the answer.
    pub code: String,
}

/// A caller beside another one's load.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Neighbour {
    /// The way.
    pub way: String,
    /// Latency of hello, one at a time, on a quiet server.
    pub alone: Latency,
    /// The same while 16 others each run the integer loop again and again.
    pub beside: Latency,
}

/// The operator's own mix.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Mix {
    /// Right answers a second on one processor, as much as there can be.
    pub per_second: f64,
    /// Latencies at that load.
    pub saturated: Latency,
    /// The rate that was asked for, or a share of what there can be.
    pub rate: f64,
    /// Latencies at that rate.
    pub at_rate: Latency,
    /// Answers that were no success, and requests without one.
    pub unanswered: u64,
    /// Memory of the server after it, in MiB.
    pub memory_mib: f64,
    /// The functions.
    pub parts: Vec<MixPart>,
    /// What follows for machines.
    pub advice: Vec<String>,
}

/// A function of a mix.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MixPart {
    /// Its name.
    pub name: String,
    /// Its share of the requests.
    pub share: u32,
}
