//! Flags of `mayfly realtime`.

use clap::Subcommand;

/// Verbs of sockets.
#[derive(Debug, Subcommand)]
pub enum RealtimeVerb {
    /// Open a socket: frames go to stdout, lines of stdin are sent
    #[command(long_about = "Open a socket: frames go to stdout, one a line; lines of stdin are sent.\n\n\
        A line that is a JSON object with a `type` is sent as it is. With --event any other line is the payload of that event: \
        as JSON where it is JSON, as text otherwise.")]
    Connect {
        /// A token of an end user, or the anon key [default: --key]
        #[arg(long, env = "MAYFLY_TOKEN", hide_env_values = true)]
        token: Option<String>,
        /// Subscribe to this channel (repeatable)
        #[arg(long, value_name = "CHANNEL")]
        subscribe: Vec<String>,
        /// Be present in this channel, and see who else is (repeatable)
        #[arg(long, value_name = "CHANNEL")]
        present: Vec<String>,
        /// Send lines as payloads of this event
        #[arg(long)]
        event: Option<String>,
        /// End after this number of frames
        #[arg(long)]
        frames: Option<u64>,
    },
}
