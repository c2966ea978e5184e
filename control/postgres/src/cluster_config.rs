//! Settings of the managed cluster.

use std::ffi::OsString;
use std::path::PathBuf;

/// How the managed cluster is run.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// Mayfly's data directory; the cluster lies in `postgres` there.
    pub data_dir: PathBuf,
    /// Where PostgreSQL's programs are; `None`: look for them.
    pub binaries: Option<PathBuf>,
    /// The process's `PATH`, to look for them in.
    pub path: Option<OsString>,
    /// Connections at once, the platform's included. Default: 200.
    pub connections_max: u32,
    /// Memory of each of its processes beside the cached pages, in MiB. Default: 512.
    pub process_memory_mb: u32,
    /// Memory for cached pages, in MiB. Default: 128.
    pub shared_buffers_mb: u32,
    /// Whether commits survive a power cut. Off is for tests.
    pub durable: bool,
}

impl ClusterConfig {
    /// The usual settings for that data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            binaries: None,
            path: None,
            connections_max: 200,
            process_memory_mb: 512,
            shared_buffers_mb: 128,
            durable: true,
        }
    }
}
