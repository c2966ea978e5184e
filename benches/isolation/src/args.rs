//! The command line of `mayfly-bench`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::ways;
use crate::work;

/// Measures what isolation costs.
#[derive(Debug, Parser)]
#[command(name = "mayfly-bench", bin_name = "mayfly bench", version, max_term_width = 100)]
pub struct BenchCli {
    /// What to do.
    #[command(subcommand)]
    pub command: BenchCommand,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Run the same work over all ways to isolate that this machine has, and compare them
    #[command(after_help = EXAMPLES)]
    Isolation(Box<IsolationArgs>),
    /// Print the JSON schema of the report
    Schema,
    /// Serve one way within this program
    #[command(hide = true)]
    Serve(ServeWayArgs),
    /// Run one work on stdin and stdout
    #[command(hide = true)]
    Once {
        /// The work.
        #[arg(value_parser = known_work)]
        work: String,
    },
}

const EXAMPLES: &str = "Examples:
  mayfly bench isolation --quick                        some minutes, to see that all works
  mayfly bench isolation --out results                  all of it, at most 15 minutes: table, report.json, charts
  mayfly bench isolation --ways mayfly,workerd,node --work hello,echo --at 1,16
  mayfly bench isolation --write docs/PERFORMANCE.md    and the document, with charts beside it
  mayfly bench isolation --mix app.toml                 what the functions of your app take, and what machine that needs

A mix is a file such as
  rate = 500                 # requests a second that you expect; without it, half of what there can be
  [[function]]
  name = \"checkout\"
  source = \"checkout.js\"     # as it is deployed, beside this file
  share = 20                 # of all shares
  body = '{ \"cart\": 7 }'     # without it, a GET
Functions of a mix are public, and have no tables of yours.";

/// Flags of `isolation`.
#[derive(Debug, Clone, Args)]
pub struct IsolationArgs {
    /// Only these ways, separated by commas; a floor is always added [default: all]
    #[arg(long, value_delimiter = ',', value_parser = known_way)]
    pub ways: Vec<String>,
    /// Only these works, separated by commas [default: all]
    #[arg(long, value_delimiter = ',', value_parser = known_work)]
    pub work: Vec<String>,
    /// Connections at once, separated by commas [default: 1,16,128 for hello and select, 16 for others]
    #[arg(long, value_delimiter = ',', value_parser = connections)]
    pub at: Vec<usize>,
    /// Rounds; each measures all ways [default: 3, fewer where they take more than 10 minutes; 1 with --quick]
    #[arg(long, value_parser = rounds)]
    pub rounds: Option<usize>,
    /// Seconds of one measurement [default: 0.4, or 0.2 with --quick]
    #[arg(long, value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Two to four minutes: fewer works, rounds and tenants, and coarse figures
    #[arg(long)]
    pub quick: bool,
    /// Only throughput and latency
    #[arg(long)]
    pub only_load: bool,
    /// The most tenants whose memory is measured
    #[arg(long, default_value_t = 1_000, value_parser = tenants)]
    pub tenants: usize,
    /// A mix of your own functions (TOML), instead of the works
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ways", "work", "at", "write"])]
    pub mix: Option<PathBuf>,
    /// Write report.json and charts into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write the document, with its charts in the folder `performance` beside it
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Print the report as JSON instead of the table
    #[arg(long)]
    pub json: bool,
    /// The server to measure [default: `mayfly` beside this program]
    #[arg(long, value_name = "PATH", env = "MAYFLY_BENCH_SERVER")]
    pub server: Option<PathBuf>,
    /// The folder of `make peers`
    #[arg(long, value_name = "DIR", default_value = "benches/peers")]
    pub peers: PathBuf,
}

/// Flags of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeWayArgs {
    /// The way.
    #[arg(value_parser = known_way)]
    pub way: String,
    /// The port.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// The processor to be bound to.
    #[arg(long)]
    pub core: Option<usize>,
    /// The works.
    #[arg(long, value_delimiter = ',', value_parser = known_work)]
    pub work: Vec<String>,
}

fn known_way(name: &str) -> Result<String, String> {
    let names: Vec<&str> = ways::all().iter().map(|way| way.name).collect();
    known(name, &names, "way")
}

fn known_work(name: &str) -> Result<String, String> {
    let names: Vec<&str> = work::all().iter().map(|work| work.name).collect();
    known(name, &names, "work")
}

fn known(name: &str, names: &[&str], kind: &str) -> Result<String, String> {
    if names.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(format!("there is no such {kind}; there are {}", names.join(", ")))
}

fn connections(text: &str) -> Result<usize, String> {
    between(text, 1, 1_024)
}

fn rounds(text: &str) -> Result<usize, String> {
    between(text, 1, 100)
}

fn tenants(text: &str) -> Result<usize, String> {
    between(text, 10, 10_000)
}

fn between(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let value = text.parse().map_err(|_| "not a whole number".to_owned())?;
    if (least..=most).contains(&value) { Ok(value) } else { Err(format!("not within {least} to {most}")) }
}

fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.05..=600.0).contains(&value) { Ok(value) } else { Err("not within 0.05 to 600".to_owned()) }
}
