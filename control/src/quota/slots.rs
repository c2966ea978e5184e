//! Room for sandboxes: so many on the node, so many for one app. Taken at once or refused at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{ApiError, Code};

/// The node's room. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Slots {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    node_max: u32,
    app_max: u32,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    node: u32,
    /// Apps with at least one slot; the others have no entry.
    apps: HashMap<Arc<str>, u32>,
}

/// Room for one sandbox, from admission to the end of its `waitUntil`. Dropping it gives the room back.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    app: Arc<str>,
}

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The app has as many as it may.
    App { max: u32 },
    /// The node has as many as it can.
    Node,
}

impl Slots {
    /// Room for `node_max` sandboxes, `app_max` of them of one app.
    pub fn new(node_max: u32, app_max: u32) -> Self {
        Self { inner: Arc::new(Inner { node_max, app_max, taken: Mutex::default() }) }
    }

    /// Take one for `app`.
    pub fn take(&self, app: &str) -> Result<Slot, Full> {
        let mut taken = self.inner.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let app: Arc<str> = match taken.apps.get_key_value(app) {
            Some((_, count)) if *count >= self.inner.app_max => {
                return Err(Full::App { max: self.inner.app_max });
            }
            Some((app, _)) => Arc::clone(app),
            None => app.into(),
        };
        if taken.node >= self.inner.node_max {
            return Err(Full::Node);
        }
        taken.node += 1;
        *taken.apps.entry(Arc::clone(&app)).or_default() += 1;
        Ok(Slot { slots: self.clone(), app })
    }

    /// How many are taken on the node.
    pub fn in_use(&self) -> u32 {
        self.inner.taken.lock().unwrap_or_else(PoisonError::into_inner).node
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.inner.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.node = taken.node.saturating_sub(1);
        let left = taken.apps.get_mut(&*self.app).map(|count| {
            *count = count.saturating_sub(1);
            *count
        });
        if left == Some(0) {
            taken.apps.remove(&*self.app);
        }
    }
}

impl From<Full> for ApiError {
    fn from(full: Full) -> Self {
        match full {
            Full::App { max } => {
                Self::new(Code::ConcurrencyLimit, format!("this app runs {max} invocations at once already"))
                    .with_details(serde_json::json!({ "limit": max }))
            }
            Full::Node => Self::new(Code::Overloaded, "this node runs as many invocations as it can"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_cannot_take_more_than_its_share_nor_the_node_more_than_it_has() {
        let slots = Slots::new(3, 2);
        let (first, _second) = (slots.take("a").unwrap(), slots.take("a").unwrap());
        assert_eq!(slots.take("a").unwrap_err(), Full::App { max: 2 });
        let _third = slots.take("b").unwrap();
        assert_eq!(slots.take("c").unwrap_err(), Full::Node);
        drop(first);
        assert_eq!(slots.in_use(), 2);
        assert!(slots.take("a").is_ok());
        assert_eq!(slots.inner.taken.lock().unwrap().apps.len(), 2, "an app without slots is forgotten");
    }
}
