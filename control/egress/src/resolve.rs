//! Looks names up: by the system's resolver, on threads that block as long as it does, some at once of each app.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use mayfly_ledger::{PlaceBounds, Places};

/// Look-ups at once: each may hold its thread for as long as the name's servers do not answer, also when what asked has
/// given up. The last are for apps without any.
const LOOKUPS: PlaceBounds = PlaceBounds { total: 32, per_app: 8, reserve: 8, waiting_per_app: 1_000 };

/// The node's look-ups, made by one app.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    app: Arc<str>,
    places: Places,
}

impl Resolver {
    /// The look-ups of a node.
    pub(super) fn places() -> Places {
        Places::new(LOOKUPS)
    }

    /// Those of an app among them.
    pub(super) fn of(app: &str, places: Places) -> Self {
        Self { app: app.into(), places }
    }

    /// The addresses of a name.
    ///
    /// # Errors
    /// When there is none, or it cannot be looked up.
    #[allow(clippy::disallowed_methods, reason = "the places limit how many look-ups block a thread")]
    pub(super) async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let place = self.places.take(&self.app).await.map_err(io::Error::other)?;
        let host = host.to_owned();
        let lookup = tokio::task::spawn_blocking(move || {
            // The thread's own: a caller that gives up does not end it.
            let _place = place;
            Ok((host.as_str(), port).to_socket_addrs()?.collect())
        });
        lookup.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_needs_no_place_and_a_name_gives_its_own_back() {
        let places = Places::new(PlaceBounds { total: 1, per_app: 1, reserve: 0, waiting_per_app: 0 });
        let resolver = Resolver::of("a", places.clone());
        let held = places.try_take("b").unwrap();
        assert_eq!(resolver.addresses("127.0.0.1", 1).await.unwrap(), ["127.0.0.1:1".parse().unwrap()]);
        assert!(resolver.addresses("localhost", 1).await.is_err(), "none may wait");
        drop(held);
        assert!(!resolver.addresses("localhost", 1).await.unwrap().is_empty());
        assert_eq!(places.taken(), 0);
    }
}
