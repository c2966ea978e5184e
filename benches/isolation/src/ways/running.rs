//! A way that is served: its server runs and can be asked.

use std::net::SocketAddr;
use std::process::Command;

use super::mayfly::{self, Deployed};
use super::started::{Started, free_port};
use super::{Absent, Place, Start, Way};
use crate::connection::{Connection, request};
use crate::failure::{BenchError, Tried, Trying as _};
use crate::work::Work;

/// A way that is served.
#[derive(Debug)]
pub struct Running {
    /// The way.
    pub way: Way,
    /// What it calls its version.
    pub version: String,
    /// Its process; none for a server that was there before.
    pub process: Option<Started>,
    /// Where it listens.
    pub address: SocketAddr,
    /// The app, for `mayfly`.
    pub app: Option<Deployed>,
}

impl Running {
    /// Starts a way for these works; the inner error says why it is absent.
    pub async fn start(way: Way, place: &Place, works: &[Work]) -> Tried<Result<Self, Absent>> {
        let works: Vec<Work> = works.iter().filter(|work| way.lack(work).is_none()).cloned().collect();
        let port = free_port()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let (command, version) = match way.start {
            Start::Mayfly(arguments) => {
                let started = mayfly::start(place, way.name, arguments, &works).await?;
                return Ok(started.map(|(server, app)| {
                    let address = server.process.address;
                    let (version, process) = (server.version, Some(server.process));
                    Self { way, version, process, address, app: Some(app) }
                }));
            }
            Start::InProcess(_) => {
                let mut command = Command::new(&place.own);
                command.args(["serve", way.name, "--port", &port.to_string()]);
                if let Some(core) = place.core {
                    command.args(["--core", &core.to_string()]);
                }
                let names: Vec<&str> = works.iter().map(|work| work.name).collect();
                command.args(["--work", &names.join(",")]);
                (command, env!("CARGO_PKG_VERSION").to_owned())
            }
            Start::Peer(find) => {
                let peer = match find(place) {
                    Ok(peer) => peer,
                    Err(absent) => return Ok(Err(absent)),
                };
                let mut command = Command::new(&peer.program);
                command.args(&peer.arguments).current_dir(&place.peers);
                if let Some(prepare) = peer.prepare {
                    command.args(prepare(place, &works, port)?);
                }
                (command, peer.version)
            }
        };
        // A way within this program binds itself, once its modules are compiled.
        let core = if matches!(way.start, Start::InProcess(_)) { None } else { place.core };
        let process = Started::new(way.name, command, address, place, core).await?;
        Ok(Ok(Self { way, version, process: Some(process), address, app: None }))
    }

    /// The request of a work, for this server.
    pub fn request(&self, work: &Work) -> Vec<u8> {
        let method = if work.body.is_empty() { "GET" } else { "POST" };
        match &self.app {
            Some(app) => app.request(method, work),
            None => {
                let headers = [("content-type", "application/json")];
                request(method, &format!("/{}", work.name), &headers, &work.body)
            }
        }
    }

    /// Asks once, and compares the answer.
    pub async fn check(&self, work: &Work) -> Tried<()> {
        let tried = || format!("{} of {}", work.name, self.way.name);
        let mut connection = Connection::open(self.address).await.trying(tried)?;
        let said = || self.process.as_ref().map(Started::said).unwrap_or_default();
        match connection.send(&self.request(work)).await {
            Err(error) => Err(BenchError::new(tried(), format!("{error}: {}", said()))),
            Ok((200, body)) if body == work.answer => Ok(()),
            Ok((status, body)) => {
                let start =
                    String::from_utf8_lossy(body.get(..body.len().min(300)).unwrap_or_default()).into_owned();
                Err(BenchError::new(tried(), format!("it answers {status}: {start} {}", said())))
            }
        }
    }
}
