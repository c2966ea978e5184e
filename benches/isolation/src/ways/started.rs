//! A server as a process: started on its processor, waited for, and ended when it is dropped.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpStream;

use super::Place;
use crate::failure::{BenchError, Tried, Trying as _};
use crate::machine;

/// The longest that a server may take to listen, a debug build's compiler included.
const START_MAX: Duration = Duration::from_secs(180);

/// How long a server has to end by itself.
const STOP_MAX: Duration = Duration::from_secs(10);

/// How often a server that starts is asked whether it listens.
const ASK_EVERY: Duration = Duration::from_micros(200);

/// A process that is ended when this is dropped.
#[derive(Debug)]
pub struct Started {
    child: Child,
    log: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// From its start until it accepted a connection.
    pub took: Duration,
}

impl Started {
    /// Starts a program on a processor, and waits until it listens.
    pub async fn new(
        name: &str,
        mut command: Command,
        address: SocketAddr,
        place: &Place,
        core: Option<usize>,
    ) -> Tried<Self> {
        let tried = || format!("start {name}");
        let log = place.scratch.join(format!("{name}.log"));
        let file = File::create(&log).trying(tried)?;
        let errors = file.try_clone().trying(tried)?;
        command.stdin(Stdio::null()).stdout(file).stderr(errors);
        let started = Instant::now();
        let child = machine::bound(core, || command.spawn()).trying(tried)?;
        let mut this = Self { child, log, address, took: Duration::ZERO };
        while TcpStream::connect(address).await.is_err() {
            let ended = this.child.try_wait().trying(tried)?;
            if ended.is_some() || started.elapsed() > START_MAX {
                return Err(BenchError::new(tried(), format!("it does not listen: {}", this.said())));
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        this.took = started.elapsed();
        Ok(this)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The end of what it said.
    pub fn said(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended already. One that does not end in time is killed.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > STOP_MAX {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A port of loopback that is free now.
pub(super) fn free_port() -> Tried<u16> {
    let tried = || "find a free port".to_owned();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").trying(tried)?;
    Ok(listener.local_addr().trying(tried)?.port())
}
