//! What the ways by other programs have in common: where programs are, and the files that they read.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::{Absent, Peer, Place};
use crate::failure::{Tried, Trying as _};
use crate::machine::said;
use crate::work::{STATEMENT, Work};

const REMEDY: &str = "run `make peers`, and say where its folder is with --peers";

/// A program of `make peers` at the first of these paths, below `node_modules`.
pub(super) fn installed(place: &Place, name: &str, paths: &[&str]) -> Result<PathBuf, Absent> {
    let folder = place.peers.join("node_modules");
    let found = paths.iter().map(|path| folder.join(path)).find(|path| path.exists());
    found.ok_or_else(|| Absent {
        missing: format!("{name} is not in {}", folder.display()),
        remedy: REMEDY.to_owned(),
    })
}

/// Node, as PATH has it.
pub(super) fn node(place: &Place, script: &str, flags: &[&str]) -> Result<Peer, Absent> {
    let Some(version) = said(Command::new("node").arg("--version")) else {
        return Err(Absent {
            missing: "node is not on PATH".to_owned(),
            remedy: "install Node 20 or newer".to_owned(),
        });
    };
    let script = scripted(place, script)?;
    let arguments = flags.iter().map(|flag| (*flag).to_owned()).chain([script]).collect();
    Ok(Peer {
        program: PathBuf::from("node"),
        arguments,
        version: format!("node {version}"),
        prepare: Some(files),
    })
}

/// The path of one of our scripts.
pub(super) fn scripted(place: &Place, script: &str) -> Result<String, Absent> {
    let path = place.peers.join("ways").join(script);
    if !path.is_file() {
        return Err(Absent {
            missing: format!("{} is not there", path.display()),
            remedy: REMEDY.to_owned(),
        });
    }
    Ok(path.display().to_string())
}

/// The version of an installed package.
pub(super) fn version_of(place: &Place, package: &str) -> String {
    let text = std::fs::read(place.peers.join("node_modules").join(package).join("package.json"));
    let value: serde_json::Value =
        text.ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    value["version"].as_str().unwrap_or("?").to_owned()
}

/// Writes the file that our scripts read; their arguments.
pub(super) fn files(place: &Place, works: &[Work], port: u16) -> Tried<Vec<String>> {
    let works: Vec<_> =
        works.iter().map(|work| json!({ "name": work.name, "source": work.source })).collect();
    let database = place.database.as_ref().map(|database| {
        json!({
            "socket": database.socket, "port": database.port, "user": database.user,
            "database": database.name, "statement": STATEMENT,
        })
    });
    let path = place.scratch.join(format!("works-{port}.json"));
    write(&path, json!({ "works": works, "database": database }).to_string())?;
    Ok(vec![path.display().to_string(), port.to_string()])
}

/// Writes a file of this run.
pub(super) fn write(path: &Path, text: String) -> Tried<()> {
    std::fs::write(path, text).trying(|| format!("write {}", path.display()))
}

/// The program of a way that can be given code on its command line.
pub fn program_of(way: &str, place: &Place) -> Option<PathBuf> {
    match super::find(way)?.start {
        super::Start::Peer(find) => find(place).ok().map(|peer| peer.program),
        super::Start::InProcess(_) | super::Start::Mayfly(_) => None,
    }
}
