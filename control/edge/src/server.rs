//! Accepts connections up to a limit, serves HTTP/1.1 on them, and drains them at shutdown.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mayfly_ledger::{Held, Ledger, Shortage};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::services::EdgeServices;
use super::stack::{self, Shared};
use crate::Edge;
use crate::paced::Paced;
use crate::settings::{AccessLog, EdgeLimits};
use crate::trusted_proxies::TrustedProxies;
use mayfly_common::tasks::Tasks;

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Bytes read ahead on one connection; more than a head, which has to fit in whole.
const READ_BYTES_MAX: usize = 128 << 10;
/// Headers of a request.
const HEADERS_MAX: usize = 100;
/// After an error of `accept`, such as no file descriptors: time for some to come free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The listener and what it serves.
#[derive(Debug)]
pub struct Server<E> {
    listener: TcpListener,
    shared: Shared<E>,
    /// Open connections, by the peer's address.
    connections: Ledger,
    tasks: Tasks,
}

/// Open connections after the listener is closed: each ends after the request that it is at.
#[derive(Debug, Default)]
pub struct Draining {
    connections: TaskTracker,
    closing: CancellationToken,
}

impl<E: EdgeServices> Server<E> {
    /// Serve `edge` on a listener; the bytes that requests hold are taken from `ledger`.
    pub fn new(
        listener: TcpListener,
        edge: Edge<E>,
        limits: EdgeLimits,
        access_log: AccessLog,
        ledger: Ledger,
        tasks: Tasks,
    ) -> Self {
        let base = edge.base.as_str().into();
        let requests = Ledger::new(limits.requests_max.into());
        let connections = Ledger::new(limits.connections_max.into());
        let proxies = TrustedProxies::default();
        let shared = Shared { edge, limits, access_log, base, proxies, requests, ledger };
        Self { listener, shared, connections, tasks }
    }

    /// Believe these proxies about whom they speak for. They may have any part of the connections.
    #[must_use]
    pub fn behind(mut self, proxies: TrustedProxies) -> Self {
        self.shared.proxies = proxies;
        self
    }

    /// Accept until `stop`; then the listener is closed.
    pub async fn run(self, stop: CancellationToken) -> Draining {
        let draining = Draining::default();
        let room = Arc::new(Semaphore::new(self.shared.limits.connections_max as usize));
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                accepted = accept(&self.listener, &room) => accepted,
            };
            match accepted {
                Ok((stream, peer, room)) => match self.take_part(peer) {
                    Ok(held) => self.serve(stream, peer, Room { _node: room, _peer: held }, draining.watch()),
                    Err(_) => tracing::debug!(%peer, "a connection was closed: its address has too many"),
                },
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        draining
    }

    /// The place of a connection among its address's.
    fn take_part(&self, peer: SocketAddr) -> Result<Held, Shortage> {
        if self.shared.proxies.trusts(peer.ip()) {
            return Ok(Held::default());
        }
        self.connections.account(&address_of(peer)).take(1)
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, room: Room, watched: Watched) {
        // Small answers leave at once. Only a matter of speed.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(stack::build::<E, Incoming>(&self.shared, peer.ip()));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.shared.limits.header_timeout)
            .max_headers(HEADERS_MAX)
            .max_header_size(HEAD_BYTES_MAX)
            .max_buf_size(READ_BYTES_MAX)
            .serve_connection(TokioIo::new(Paced::new(stream, self.shared.limits.write_timeout)), service)
            .with_upgrades();
        self.tasks.service(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = watched.closing.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            // A connection that breaks is its client's affair.
            if let Err(error) = ended {
                tracing::debug!(%error, %peer, "a connection ended with an error");
            }
            drop((room, watched));
        });
    }
}

/// The place of one connection: the node's, and its address's.
struct Room {
    _node: OwnedSemaphorePermit,
    _peer: Held,
}

/// Whose a connection is: one subscriber has a whole /64 of IPv6.
fn address_of(peer: SocketAddr) -> String {
    match peer.ip().to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            std::net::Ipv6Addr::from(network).to_string()
        }
    }
}

/// Beyond the cap, connections wait in the kernel's queue.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let room = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, room))
}

/// One connection among those that a drain waits for.
struct Watched {
    closing: CancellationToken,
    _counted: TaskTrackerToken,
}

impl Draining {
    fn watch(&self) -> Watched {
        Watched { closing: self.closing.clone(), _counted: self.connections.token() }
    }

    /// Wait for the connections to end by themselves, at most `limit`. Says whether all did.
    pub async fn finish(self, limit: Duration) -> bool {
        self.closing.cancel();
        self.connections.close();
        tokio::time::timeout(limit, self.connections.wait()).await.is_ok()
    }
}
