//! `Hub`: the open sockets of this node, by app and channel.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::ids;
use mayfly_api::realtime::SocketMessage;

use super::socket::{AppSockets, Socket};

/// How many sockets there may be.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    /// On this node.
    pub sockets_max: usize,
    /// Of one app.
    pub sockets_per_app_max: usize,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self { sockets_max: 20_000, sockets_per_app_max: 10_000 }
    }
}

/// The open sockets of this node. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Hub {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    limits: SocketLimits,
    apps: Mutex<HashMap<Box<str>, Arc<AppSockets>>>,
    count: AtomicUsize,
}

/// A socket that is open for as long as this is there.
#[derive(Debug)]
pub struct Registration {
    /// The socket.
    pub socket: Arc<Socket>,
    hub: Hub,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.hub.remove(&self.socket);
    }
}

impl Hub {
    /// One without sockets.
    pub fn new(limits: SocketLimits) -> Self {
        Self { shared: Arc::new(Shared { limits, ..Shared::default() }) }
    }

    /// Register a socket.
    ///
    /// # Errors
    /// `OVERLOADED` and `CONCURRENCY_LIMIT` where this node, or the app, has as many as it may have.
    pub fn open(&self, app: &str, user: Option<&str>) -> ApiResult<Registration> {
        let limits = self.shared.limits;
        let mut apps = self.lock_apps();
        if self.shared.count.load(Ordering::Relaxed) >= limits.sockets_max {
            return Err(ApiError::new(Code::Overloaded, "this node has as many sockets as it can hold"));
        }
        let sockets = Arc::clone(apps.entry(app.into()).or_insert_with(|| Arc::new(AppSockets::new())));
        let mut members = sockets.lock();
        if members.sockets.len() >= limits.sockets_per_app_max {
            return Err(ApiError::new(Code::ConcurrencyLimit, "the app has as many sockets as it may have"));
        }
        let socket = Arc::new(Socket::new(ids::socket_id(), app, user, Arc::clone(&sockets)));
        members.sockets.insert(socket.id.clone(), Arc::clone(&socket));
        drop(members);
        self.shared.count.fetch_add(1, Ordering::Relaxed);
        drop(apps);
        Ok(Registration { socket, hub: self.clone() })
    }

    /// Give a frame to every subscriber of a channel on this node.
    pub fn deliver(&self, app: &str, channel: &str, frame: &Bytes) {
        let Some(sockets) = self.lock_apps().get(app).cloned() else { return };
        let members = sockets.lock();
        for socket in members.channels.get(channel).into_iter().flat_map(HashMap::values) {
            socket.outbox.send(SocketMessage::Text(frame.clone()));
        }
    }

    /// Give a frame to every socket that is subscribed to anything.
    pub fn deliver_to_all(&self, frame: &Bytes) {
        for sockets in self.apps() {
            let members = sockets.lock();
            let mut seen = std::collections::HashSet::new();
            for socket in members.channels.values().flat_map(HashMap::values) {
                if seen.insert(&*socket.id) {
                    socket.outbox.send(SocketMessage::Text(frame.clone()));
                }
            }
        }
    }

    /// An app changed: whether its clients may still be here has to be checked.
    pub fn changed(&self, app: &str) {
        if let Some(sockets) = self.lock_apps().get(app) {
            sockets.changed.send_replace(());
        }
    }

    /// Any app may have changed.
    pub fn all_changed(&self) {
        for sockets in self.apps() {
            sockets.changed.send_replace(());
        }
    }

    /// Every open socket.
    pub fn sockets(&self) -> Vec<Arc<Socket>> {
        let mut all = Vec::with_capacity(self.len());
        for sockets in self.apps() {
            all.extend(sockets.lock().sockets.values().cloned());
        }
        all
    }

    /// How many sockets are open.
    pub fn len(&self) -> usize {
        self.shared.count.load(Ordering::Relaxed)
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn remove(&self, socket: &Socket) {
        // Before the locks below: a socket that subscribes holds its own while it takes these.
        let channels = socket.take_channels();
        let mut apps = self.lock_apps();
        let mut members = socket.sockets.lock();
        for channel in channels {
            members.leave(&channel, &socket.id);
        }
        if members.sockets.remove(&socket.id).is_some() {
            self.shared.count.fetch_sub(1, Ordering::Relaxed);
        }
        if members.sockets.is_empty() {
            apps.remove(&socket.app);
        }
    }

    fn apps(&self) -> Vec<Arc<AppSockets>> {
        self.lock_apps().values().cloned().collect()
    }

    fn lock_apps(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<AppSockets>>> {
        self.shared.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "app_0123456789ab";

    fn hub(sockets_max: usize, sockets_per_app_max: usize) -> Hub {
        Hub::new(SocketLimits { sockets_max, sockets_per_app_max })
    }

    #[tokio::test]
    async fn a_frame_goes_to_the_subscribers_of_its_channel_alone() {
        let hub = hub(9, 9);
        let [one, two] = [(); 2].map(|()| hub.open(APP, None).unwrap());
        let other = hub.open("app_0123456789ac", None).unwrap();
        assert!(
            one.socket.subscribe("room") && one.socket.subscribe("room") && other.socket.subscribe("room")
        );
        hub.deliver(APP, "room", &Bytes::from_static(b"{}"));
        two.socket.outbox.close(mayfly_api::realtime::SocketClose::new(1000, ""));
        other.socket.outbox.close(mayfly_api::realtime::SocketClose::new(1000, ""));
        assert_eq!(one.socket.outbox.next().await, SocketMessage::Text(Bytes::from_static(b"{}")));
        assert!(matches!(two.socket.outbox.next().await, SocketMessage::Close(_)));
        assert!(matches!(other.socket.outbox.next().await, SocketMessage::Close(_)));
        one.socket.unsubscribe("room");
        assert!(!one.socket.is_subscribed("room"));
    }

    #[test]
    fn sockets_are_bounded_by_app_and_node_and_room_comes_back() {
        let hub = hub(3, 2);
        let first = hub.open(APP, None).unwrap();
        let _second = hub.open(APP, None).unwrap();
        assert_eq!(hub.open(APP, None).unwrap_err().code(), Code::ConcurrencyLimit);
        let _third = hub.open("app_0123456789ac", None).unwrap();
        assert_eq!(hub.open("app_0123456789ad", None).unwrap_err().code(), Code::Overloaded);
        assert_eq!(hub.len(), 3);
        first.socket.subscribe("room");
        let kept = Arc::clone(&first.socket);
        drop(first);
        assert_eq!(hub.len(), 2);
        assert!(!kept.subscribe("room"), "it is gone");
        assert!(hub.open(APP, None).is_ok());
    }

    #[test]
    fn a_socket_has_a_bounded_number_of_channels() {
        let hub = hub(9, 9);
        let opened = hub.open(APP, None).unwrap();
        for number in 0..100 {
            assert!(opened.socket.subscribe(&number.to_string()));
        }
        assert!(!opened.socket.subscribe("more"));
        opened.socket.unsubscribe("5");
        assert!(opened.socket.subscribe("more"));
    }
}
