//! What a compile worker gives up before it reads a request: memory without end, files, and root's rights.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use rustix::time::{ClockId, clock_gettime};

// Printing and its maps take a few times a source's size; some sources would take gigabytes.
const MEMORY_BYTES_MAX: u64 = 1 << 30;
// For one request. Its server ends a worker earlier; this is for one whose server has died.
const CPU_SECONDS: u64 = 15;
// By how much nicer than the server a process is that compiles beside calls.
const BESIDE_CALLS: i32 = 10;

/// Limit this process, and leave root. Before any thread is started.
///
/// # Errors
/// When root's rights cannot be given up. Where the system itself sets lower limits, those hold.
pub(super) fn confine() -> io::Result<()> {
    let limits = [(Resource::Data, MEMORY_BYTES_MAX), (Resource::Fsize, 0), (Resource::Core, 0)];
    for (resource, most) in limits {
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    }
    leave_root()
}

/// Allow the processor's time for one request more.
pub(super) fn allow_one_request() {
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or_default();
    let maximum = getrlimit(Resource::Cpu).maximum;
    let wanted = used + CPU_SECONDS;
    let current = Some(maximum.map_or(wanted, |maximum| wanted.min(maximum)));
    let _ = setrlimit(Resource::Cpu, Rlimit { current, maximum });
}

/// From here on take what calls leave of the processors: no call waits for this.
pub(super) fn give_way() {
    let _ = nice(BESIDE_CALLS);
}

/// The user and the group that own nothing, the same number on every Linux.
#[cfg(target_os = "linux")]
const UNPRIVILEGED: u32 = 65_534;

#[cfg(target_os = "linux")]
fn leave_root() -> io::Result<()> {
    use rustix::process::{Gid, Uid, geteuid};
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

    if !geteuid().is_root() {
        return Ok(());
    }
    let (uid, gid) = (Uid::from_raw(UNPRIVILEGED), Gid::from_raw(UNPRIVILEGED));
    // Of this thread, which is the only one: those to come begin with what it has.
    set_thread_groups(&[])?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    Ok(())
}

/// Elsewhere servers are not started by root.
#[cfg(not(target_os = "linux"))]
fn leave_root() -> io::Result<()> {
    Ok(())
}
