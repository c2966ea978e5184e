//! PostgreSQL's processes: `initdb` once, `postgres` as our child, and a watcher that outlives us.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::account::Account;
use super::layout::{Layout, PORT};
use crate::{Binaries, ClusterConfig, ClusterError};

/// The administrator of the managed cluster.
pub(super) const ADMINISTRATOR: &str = "mayfly";

/// A log larger than this is rotated at the next start, in bytes.
const LOG_MAX: u64 = 16 << 20;

/// Make the cluster when there is none. A crash half-way leaves a directory that the next start removes.
pub(super) async fn initialise(
    binaries: &Binaries,
    account: &Account,
    layout: &Layout,
    durable: bool,
) -> Result<(), ClusterError> {
    if layout.data.join("PG_VERSION").is_file() {
        return Ok(());
    }
    let unfinished = layout.data.with_extension("new");
    // Sorting by bytes is the same on every machine and never corrupts an index when a library is updated; letters
    // are letters in every script where the system has that locale.
    let mut outcome = Err(ClusterError::Initdb(String::new()));
    for character_type in ["C.UTF-8", "C"] {
        remove(&unfinished)?;
        outcome = initdb(binaries, account, &unfinished, character_type, durable).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome?;
    std::fs::rename(&unfinished, &layout.data).map_err(ClusterError::io("cannot rename", &unfinished))
}

async fn initdb(
    binaries: &Binaries,
    account: &Account,
    directory: &Path,
    character_type: &str,
    durable: bool,
) -> Result<(), ClusterError> {
    let mut command = account.command(&binaries.program("initdb"));
    command
        .arg("--pgdata")
        .arg(directory)
        .args(["--username", ADMINISTRATOR, "--encoding", "UTF8", "--locale", "C"])
        .arg(format!("--lc-ctype={character_type}"))
        .args(["--auth-local", "trust", "--auth-host", "reject", "--data-checksums"])
        .stdin(Stdio::null());
    if !durable {
        command.arg("--no-sync");
    }
    let program = binaries.program("initdb");
    let output = command.output().await.map_err(ClusterError::io("cannot run", &program))?;
    if output.status.success() {
        return Ok(());
    }
    Err(ClusterError::Initdb(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn remove(directory: &Path) -> Result<(), ClusterError> {
    match std::fs::remove_dir_all(directory) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ClusterError::io("cannot remove", directory)(error)),
    }
}

/// Start the server itself, not through `pg_ctl`: then its end is our child's end.
pub(super) fn spawn_server(
    binaries: &Binaries,
    account: &Account,
    layout: &Layout,
    config: &ClusterConfig,
) -> Result<Child, ClusterError> {
    let program = binaries.program("postgres");
    let log = open_log(&layout.log)?;
    let errors = log.try_clone().map_err(ClusterError::io("cannot open", &layout.log))?;
    let mut command = account.command(Path::new("/bin/sh"));
    // A statement that wants more fails by itself (SQLSTATE 53200); else the system would kill a process, and with it all
    // connections would end. A limit that the system does not have is none.
    let limit_kib = u64::from(config.process_memory_mb) << 10;
    command
        .arg("-c")
        .arg("ulimit -d \"$0\" 2>/dev/null; exec \"$@\"")
        .arg(limit_kib.to_string())
        .arg(&program)
        .arg("-D")
        .arg(&layout.data);
    for (name, value) in settings(layout, config) {
        let mut setting = OsString::from(format!("{name}="));
        setting.push(value);
        command.arg("-c").arg(setting);
    }
    command
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(ClusterError::io("cannot run", &program))
}

/// Given on the command line, where no file in the data directory can override them.
fn settings(layout: &Layout, config: &ClusterConfig) -> Vec<(&'static str, OsString)> {
    let durable = if config.durable { "on" } else { "off" };
    let text = OsString::from;
    vec![
        // No TCP; and the directory's mode keeps other users out.
        ("listen_addresses", text("")),
        ("unix_socket_directories", layout.socket.clone().into_os_string()),
        ("unix_socket_permissions", text("0700")),
        ("port", text(&PORT.to_string())),
        ("max_connections", text(&config.connections_max.to_string())),
        ("superuser_reserved_connections", text("5")),
        // Tables of all tenants share one table of locks, of this times max_connections entries.
        ("max_locks_per_transaction", text("256")),
        ("shared_buffers", text(&format!("{}MB", config.shared_buffers_mb))),
        ("fsync", text(durable)),
        ("full_page_writes", text(durable)),
        // An embedded cluster has no replicas.
        ("wal_level", text("minimal")),
        ("max_wal_senders", text("0")),
        // One statement, one core: a tenant's large query must not take all of them.
        ("max_parallel_workers_per_gather", text("0")),
        ("max_parallel_maintenance_workers", text("0")),
        // Compiling pays off for none of the short statements that functions send.
        ("jit", text("off")),
        // A server that lost its client stops working for it.
        ("client_connection_check_interval", text("1s")),
        ("timezone", text("UTC")),
        ("log_timezone", text("UTC")),
        ("log_line_prefix", text("%m [%p] %q%d ")),
        ("shared_preload_libraries", text("")),
    ]
}

fn open_log(path: &Path) -> Result<File, ClusterError> {
    if std::fs::metadata(path).is_ok_and(|found| found.len() > LOG_MAX) {
        // Losing the older of two logs is no reason not to start.
        let _ = std::fs::rename(path, path.with_extension("log.1"));
    }
    File::options().create(true).append(true).open(path).map_err(ClusterError::io("cannot open", path))
}

/// The last lines of the server's log.
pub(super) fn log_tail(path: &Path) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().rev().take(8).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// Stops the server when our process is gone, for whatever reason: it reads from a pipe whose other end only we hold.
pub(super) fn spawn_watcher(
    binaries: &Binaries,
    account: &Account,
    layout: &Layout,
) -> Result<Child, ClusterError> {
    let mut command: Command = account.command(Path::new("/bin/sh"));
    command
        .arg("-c")
        .arg("read -r _; exec \"$0\" stop --silent --mode=fast --no-wait --pgdata \"$1\"")
        .arg(binaries.program("pg_ctl"))
        .arg(&layout.data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().map_err(ClusterError::io("cannot run", "/bin/sh"))
}
