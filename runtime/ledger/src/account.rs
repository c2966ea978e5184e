//! An account, and what was taken from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Node, Shortage};

/// What an app, or an address, holds on a node. Cheap to clone. The default is bounded by nothing: for what belongs to no app.
#[derive(Debug, Clone)]
pub struct Account {
    name: Arc<str>,
    shared: Option<Arc<Shared>>,
}

impl Default for Account {
    fn default() -> Self {
        Self { name: "".into(), shared: None }
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    node: Arc<Node>,
    held: AtomicU64,
}

/// What was taken from an account. Dropping it gives it back.
#[derive(Debug, Default)]
pub struct Held {
    shared: Option<Arc<Shared>>,
    amount: u64,
}

impl Shared {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self { node, held: AtomicU64::new(0) }
    }
}

impl Account {
    pub(crate) fn of(name: Arc<str>, shared: Arc<Shared>) -> Self {
        Self { name, shared: Some(shared) }
    }

    /// Whose it is; empty for what belongs to no app.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Takes some.
    ///
    /// # Errors
    /// [`Shortage`], with nothing taken.
    pub fn take(&self, amount: usize) -> Result<Held, Shortage> {
        let mut held = self.nothing();
        held.grow(amount)?;
        Ok(held)
    }

    /// Nothing yet, to be grown.
    pub fn nothing(&self) -> Held {
        Held { shared: self.shared.clone(), amount: 0 }
    }

    /// What it holds now.
    pub fn held(&self) -> u64 {
        self.shared.as_ref().map_or(0, |shared| shared.held.load(Ordering::Relaxed))
    }

    pub(crate) fn is_in_use(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| Arc::strong_count(shared) > 1)
    }
}

impl Held {
    /// How much.
    pub fn amount(&self) -> u64 {
        self.amount
    }

    /// Takes more.
    ///
    /// # Errors
    /// [`Shortage`], with what was held before still held.
    pub fn grow(&mut self, more: usize) -> Result<(), Shortage> {
        let more = more as u64;
        if let Some(shared) = &self.shared {
            let app = shared.held.fetch_add(more, Ordering::Relaxed).saturating_add(more);
            if let Err(shortage) = shared.node.take(more, app) {
                shared.held.fetch_sub(more, Ordering::Relaxed);
                return Err(shortage);
            }
        }
        self.amount += more;
        Ok(())
    }

    /// Gives some back.
    pub fn shrink(&mut self, less: usize) {
        let less = (less as u64).min(self.amount);
        self.amount -= less;
        if let Some(shared) = &self.shared {
            shared.held.fetch_sub(less, Ordering::Relaxed);
            shared.node.held.fetch_sub(less, Ordering::Relaxed);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shrink(usize::try_from(self.amount).unwrap_or(usize::MAX));
    }
}
