//! The machine: what it is, and which processor does what.

use std::path::Path;
use std::process::Command;

use schemars::JsonSchema;
use serde::Serialize;

/// What a report says of the machine.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Machine {
    /// The processor's model.
    pub cpu: String,
    /// Processors that this process may use.
    pub cores: usize,
    /// The kernel's name and version.
    pub kernel: String,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Whether servers are bound to one processor, and the load to the others.
    pub bound: bool,
    /// The system's load average before the run: of a quiet machine it is near 0.
    pub load_before: f64,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
        let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name")
                .unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: cores(),
            kernel: said(Command::new("uname").arg("-sr")).unwrap_or_else(|| std::env::consts::OS.to_owned()),
            memory_mib: kib / 1024,
            bound: server_core().is_some(),
            load_before: read("/proc/loadavg")
                .split(' ')
                .next()
                .and_then(|load| load.parse().ok())
                .unwrap_or_default(),
        }
    }
}

/// Processors that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What a program says on one line.
pub fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text =
        String::from_utf8_lossy(if output.stdout.is_empty() { &output.stderr } else { &output.stdout });
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// The commit of the working tree here, where it is one.
pub fn commit() -> Option<String> {
    said(Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).stderr(std::process::Stdio::null()))
}

/// The processor for servers: the first one, where there is another for the load and the system can bind.
pub fn server_core() -> Option<usize> {
    let cores = allowed();
    if cores.len() > 1 { cores.first().copied() } else { None }
}

/// The processors for the load.
pub fn load_cores() -> Vec<usize> {
    let cores = allowed();
    if cores.len() > 1 { cores.get(1..).unwrap_or_default().to_vec() } else { cores }
}

/// Runs `start` while this thread is bound to a processor: what it starts inherits that.
pub fn bound<T>(core: Option<usize>, start: impl FnOnce() -> T) -> T {
    let Some(core) = core else { return start() };
    let before = allowed();
    bind_to(&[core]);
    let started = start();
    bind_to(&before);
    started
}

/// Binds this thread, and what it starts.
#[cfg(target_os = "linux")]
pub fn bind_to(cores: &[usize]) {
    let mut set = rustix::thread::CpuSet::new();
    for core in cores.iter().filter(|core| **core < rustix::thread::CpuSet::MAX_CPU) {
        set.set(*core);
    }
    // Where it is forbidden, figures are of all processors; the report says how many there are.
    let _ = rustix::thread::sched_setaffinity(None, &set);
}

/// Binds nothing: this system cannot.
#[cfg(not(target_os = "linux"))]
pub fn bind_to(_cores: &[usize]) {}

/// The processors that this thread may use.
#[cfg(target_os = "linux")]
fn allowed() -> Vec<usize> {
    let Ok(set) = rustix::thread::sched_getaffinity(None) else { return Vec::new() };
    (0..rustix::thread::CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect()
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Vec<usize> {
    Vec::new()
}

/// Memory of a process and of those that it started, in KiB: shared pages in parts (`Pss`), where the system says it.
pub fn memory_kib(pid: u32) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    let own: u64 = line.trim_start_matches("Pss:").trim().trim_end_matches(" kB").trim().parse().ok()?;
    Some(own + children(pid).into_iter().filter_map(memory_kib).sum::<u64>())
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = Path::new("/proc").join(pid.to_string()).join("task");
    let Ok(tasks) = std::fs::read_dir(tasks) else { return Vec::new() };
    let texts = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    texts
        .flat_map(|text| text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
        .collect()
}
