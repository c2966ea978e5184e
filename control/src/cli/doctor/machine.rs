//! What the machine and the project have of what is needed: PostgreSQL, a bundler, a free address, a place for data.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use mayfly_cli::{bundler, out};
use mayfly_postgres::Binaries;
use serde::Serialize;

use crate::config::{Config, DatabaseSource};

/// One thing that is needed, and what was found of it.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// What.
    name: &'static str,
    /// Whether it is there.
    pub(super) ok: bool,
    /// In words.
    found: String,
}

impl Finding {
    fn new(name: &'static str, found: Result<String, String>) -> Self {
        let ok = found.is_ok();
        Self { name, ok, found: found.unwrap_or_else(|why| why) }
    }
}

/// Whether no server has run with this data directory: there is nothing to look at, and looking must not make it.
pub(super) fn is_fresh(config: &Config) -> bool {
    matches!(config.database, DatabaseSource::Managed { .. }) && !config.data_dir.exists()
}

/// Look at all of it.
pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![
        Finding::new("postgresql", postgresql(config).await),
        Finding::new("bundler", bundler(Path::new("."))),
        Finding::new("data", place(&config.data_dir)),
    ];
    // What listens there may be the server that is looked at.
    if let Err(taken) = free(config.listen) {
        findings.push(Finding::new("address", Ok(taken)));
    }
    findings
}

async fn postgresql(config: &Config) -> Result<String, String> {
    let DatabaseSource::Managed { path, binaries } = &config.database else {
        return Ok("the one of --database-url".to_owned());
    };
    match Binaries::find(binaries.as_deref(), path.as_deref(), None).await {
        Ok(found) => Ok(format!("{} ({})", found.version, found.directory.display())),
        Err(error) => Err(error.to_string()),
    }
}

/// The nearest folder that is there already has to be one that can be written to.
fn place(data_dir: &Path) -> Result<String, String> {
    let absolute =
        std::path::absolute(data_dir).map_err(|error| format!("{}: {error}", data_dir.display()))?;
    let nearest = absolute.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let is_writable = rustix::fs::access(nearest, rustix::fs::Access::WRITE_OK).is_ok();
    let shown = absolute.display();
    match (nearest.is_dir() && is_writable, nearest == absolute) {
        (true, true) => Ok(format!("{shown}")),
        (true, false) => Ok(format!("{shown}, which the first start makes")),
        (false, _) => {
            Err(format!("{shown} cannot be made or written to: {} is in the way", nearest.display()))
        }
    }
}

fn free(address: SocketAddr) -> Result<(), String> {
    TcpListener::bind(address).map(drop).map_err(|error| {
        format!("{address} is taken ({error}): a server may run there; --listen takes another")
    })
}

/// A line each.
pub(super) fn show(findings: &[Finding]) {
    for Finding { name, ok, found } in findings {
        let line = format!("{name}: {found}");
        if *ok { out::say(&line) } else { out::complain(&line) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_looked_at_and_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("a/b");
        assert!(place(&inside).unwrap().ends_with("which the first start makes"));
        assert!(!dir.path().join("a").exists());
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(place(&file.join("b")).unwrap_err().contains("is in the way"));
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(free(taken.local_addr().unwrap()).unwrap_err().contains("is taken"));
    }
}
