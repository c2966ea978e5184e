//! Flags of `mayfly realtime`.

use clap::{Args, Subcommand};

/// Verbs of sockets, and of the tables that they can follow.
#[derive(Debug, Subcommand)]
pub enum RealtimeVerb {
    /// Open a socket: frames go to stdout, lines of stdin are sent
    #[command(long_about = "Open a socket: frames go to stdout, one a line; lines of stdin are sent.\n\n\
        A line that is a JSON object with a `type` is sent as it is. With --event any other line is the payload of that event: \
        as JSON where it is JSON, as text otherwise.")]
    Connect(Box<RealtimeConnectArgs>),
    /// List the tables whose changes sockets can follow
    Tables,
    /// Switch a table on: sockets that follow it are told of changes of the rows that they may see
    Enable {
        /// The table
        table: String,
    },
    /// Switch a table off
    Disable {
        /// The table
        table: String,
    },
}

/// How a socket is opened, and what is sent on it.
#[derive(Debug, Args)]
pub struct RealtimeConnectArgs {
    /// A token of an end user, or the anon key [default: --key]
    #[arg(long, env = "MAYFLY_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Subscribe to this channel (repeatable)
    #[arg(long, value_name = "CHANNEL")]
    pub subscribe: Vec<String>,
    /// Follow the changes of this table (repeatable)
    #[arg(long, value_name = "TABLE")]
    pub table: Vec<String>,
    /// Be present in this channel, and see who else is (repeatable)
    #[arg(long, value_name = "CHANNEL")]
    pub present: Vec<String>,
    /// Send lines as payloads of this event
    #[arg(long)]
    pub event: Option<String>,
    /// End after this number of frames
    #[arg(long)]
    pub frames: Option<u64>,
}
