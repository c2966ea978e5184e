//! Cleans up after an earlier run: stops a server that still runs, removes a pid file that names another process by
//! now.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::ClusterError;

/// How long a server may take for each way of stopping it.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

const POLL: Duration = Duration::from_millis(20);

/// Make the data directory free: stop the server that still has it, remove a pid file that misleads.
pub(super) async fn clear(data: &Path) -> Result<(), ClusterError> {
    let file = data.join("postmaster.pid");
    let Some(pid) = read_pid(&file) else { return Ok(()) };
    if !is_alive(pid) {
        // PostgreSQL finds that out by itself.
        return Ok(());
    }
    if is_server_of(pid, data) {
        tracing::warn!(
            pid = pid.as_raw_nonzero().get(),
            "stopping the PostgreSQL that an earlier run left behind"
        );
        stop(pid).await;
        return Ok(());
    }
    // The number went to another process, after a restart of the machine or the container: PostgreSQL would refuse
    // to start for its sake.
    std::fs::remove_file(&file).map_err(ClusterError::io("cannot remove", &file))
}

/// Fast, then immediate, then by force. Either way the next start recovers what was committed.
pub(super) async fn stop(pid: Pid) {
    for signal in [Signal::INT, Signal::QUIT, Signal::KILL] {
        if kill_process(pid, signal).is_err() || wait_until_gone(pid).await {
            return;
        }
    }
}

/// The server's process id, from the file's first line.
pub(super) fn read_pid(file: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(file).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok().filter(|pid| *pid > 0)?)
}

fn is_alive(pid: Pid) -> bool {
    // Not allowed to signal it: then it is there.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

async fn wait_until_gone(pid: Pid) -> bool {
    let gone = async {
        while is_alive(pid) {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(STOP_TIMEOUT, gone).await.is_ok()
}

/// A server works in its data directory and was told so on its command line.
fn is_server_of(pid: Pid, data: &Path) -> bool {
    let pid = pid.as_raw_nonzero();
    let processes = Path::new("/proc");
    if processes.join("self").exists() {
        let command = std::fs::read(processes.join(format!("{pid}/cmdline"))).unwrap_or_default();
        return String::from_utf8_lossy(&command).contains(&*data.to_string_lossy());
    }
    let output =
        std::process::Command::new("/bin/ps").args(["-o", "command=", "-p", &pid.to_string()]).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&*data.to_string_lossy()))
}
