//! Flags of `mayfly queue`.

use clap::{Args, Subcommand};

/// Verbs of queues.
#[derive(Debug, Subcommand)]
pub enum QueueVerb {
    /// The app's queues, with how many jobs are in which state
    List,
    /// Change what is set for a function's queue
    Set(QueueSetArgs),
    /// Store a job for a function
    Enqueue(Box<QueueEnqueueArgs>),
    /// Jobs of a function's queue
    Jobs {
        /// The function
        name: String,
        /// Only those in this state: waiting, running, done, dead or cancelled
        #[arg(long)]
        state: Option<String>,
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// One job, with its payload and what became of it
    Get {
        /// The function
        name: String,
        /// job_...
        id: String,
    },
    /// Run a job that has ended once more, with all its attempts
    Replay {
        /// The function
        name: String,
        /// job_...
        id: String,
    },
    /// Cancel a job that waits
    Cancel {
        /// The function
        name: String,
        /// job_...
        id: String,
    },
}

/// Flags of `mayfly queue set`.
#[derive(Debug, Args)]
pub struct QueueSetArgs {
    /// The function
    pub name: String,
    /// Jobs that run at once, over all nodes; `none`: as many as the app may run
    #[arg(long, value_name = "N|none")]
    pub concurrency: Option<String>,
    /// Its jobs wait from now on
    #[arg(long, conflicts_with = "resume")]
    pub pause: bool,
    /// Its jobs start again
    #[arg(long)]
    pub resume: bool,
}

/// Flags of `mayfly queue enqueue`.
#[derive(Debug, Args)]
pub struct QueueEnqueueArgs {
    /// The function
    pub name: String,
    /// The payload as JSON, or @FILE
    #[arg(long, short, default_value = "null")]
    pub data: String,
    /// Seconds until it may start
    #[arg(long, conflicts_with = "at")]
    pub delay: Option<f64>,
    /// When it may start, such as 2027-01-31T09:00:00Z
    #[arg(long)]
    pub at: Option<String>,
    /// How often it is started at most [default: 5]
    #[arg(long)]
    pub attempts: Option<u32>,
    /// Seconds between the first attempt and the second [default: 10]
    #[arg(long)]
    pub backoff: Option<f64>,
    /// While a job with this key waits or runs, there is no second one
    #[arg(long)]
    pub key: Option<String>,
}
