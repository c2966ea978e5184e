//! The ways to isolate: a file each. Another way is a copy of the nearest one, and a row in [`all`].

mod bun;
mod deno;
mod floor_hyper;
mod floor_wasmtime;
pub mod in_process;
mod isolated_vm;
mod javy;
mod mayfly;
mod mayfly_hot;
mod node;
mod node_jitless;
mod node_vm;
mod node_worker;
mod peer;
mod process;
mod quickjs;
mod quickjs_emscripten;
mod quickjs_fresh;
mod quickjs_reused;
mod running;
mod started;
mod wasm_dynamic;
mod wasm_static;
mod workerd;
mod workerd_loader;

use std::path::PathBuf;

use crate::failure::Tried;
use crate::work::{Needs, Work};
pub use in_process::{Answers, AnswersFuture};
pub use javy::{Limited, deploy as javy_deploy};
pub use mayfly::{Deployed, Server, code as deployed_code};
pub use peer::program_of;
pub use process::once;
pub use running::Running;
pub use started::Started;

/// One way to isolate.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// Its name, as `--ways` takes it.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// What two requests have in common.
    pub shares: Shares,
    /// What works it has nothing for, of those that need something.
    pub has: &'static [Needs],
    /// How its server is started.
    pub start: Start,
}

/// What two requests of a way have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shares {
    /// Nothing but code: each request has a state of its own.
    Nothing,
    /// The heap and the globals: a request sees what an earlier one left.
    Heap,
    /// No JavaScript runs.
    Floor,
}

impl Shares {
    /// A word for reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nothing => "fresh",
            Self::Heap => "shared",
            Self::Floor => "floor",
        }
    }
}

/// How a way's server is started.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// By this program, as `serve WAY`: what it answers with.
    InProcess(fn(&[Work]) -> Tried<Box<dyn Answers>>),
    /// By another program, found on the machine.
    Peer(fn(&Place) -> Result<Peer, Absent>),
    /// The `mayfly` server, with these arguments.
    Mayfly(&'static [&'static str]),
}

/// Where programs are looked for, and where files may be written.
#[derive(Debug, Clone)]
pub struct Place {
    /// `mayfly`.
    pub server: PathBuf,
    /// This program.
    pub own: PathBuf,
    /// The folder of `make peers`.
    pub peers: PathBuf,
    /// For files of this run.
    pub scratch: PathBuf,
    /// The PostgreSQL of this run, where there is one.
    pub database: Option<Database>,
    /// The processor that servers are bound to.
    pub core: Option<usize>,
}

/// A PostgreSQL for the ways.
#[derive(Debug, Clone)]
pub struct Database {
    /// For `mayfly serve --database-url`.
    pub server_url: String,
    /// The folder of its socket, its port, its user, and the database with [`crate::work::TABLE`].
    pub socket: PathBuf,
    /// Its port.
    pub port: u16,
    /// Its user.
    pub user: String,
    /// The database with the table.
    pub name: String,
}

/// Why a way cannot be measured here, and how to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// What is missing.
    pub missing: String,
    /// What to do about it.
    pub remedy: String,
}

/// Writes the files that another program reads for these works and this port; its last arguments.
pub type Prepare = fn(&Place, &[Work], u16) -> Tried<Vec<String>>;

/// How another program is started.
#[derive(Debug)]
pub struct Peer {
    /// The program with its arguments; the last ones are the file of the works and the port.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What it calls its version.
    pub version: String,
    /// What is done before.
    pub prepare: Option<Prepare>,
}

impl Way {
    /// Why this way cannot do a work.
    pub fn lack(&self, work: &Work) -> Option<&'static str> {
        let missing = work.needs != Needs::Nothing && !self.has.contains(&work.needs);
        match work.needs {
            Needs::Timers if missing => Some("no timers"),
            Needs::Database if missing => Some("no way to a database"),
            _ => None,
        }
    }
}

/// All ways, in the order of the report.
pub fn all() -> Vec<Way> {
    vec![
        floor_hyper::WAY,
        floor_wasmtime::WAY,
        mayfly::WAY,
        mayfly_hot::WAY,
        wasm_static::WAY,
        wasm_dynamic::WAY,
        quickjs_fresh::WAY,
        quickjs_emscripten::WAY,
        isolated_vm::WAY,
        node_vm::WAY,
        node_worker::WAY,
        workerd_loader::WAY,
        process::WAY,
        quickjs_reused::WAY,
        workerd::WAY,
        node_jitless::WAY,
        node::WAY,
        deno::WAY,
        bun::WAY,
    ]
}

/// The way of this name.
pub fn find(name: &str) -> Option<Way> {
    all().into_iter().find(|way| way.name == name)
}
