//! The ledger: how much of something a node has for all, and who holds how much of it.
//!
//! What is counted are bytes that are held outside of a sandbox's fuel, requests that are being worked on, or connections;
//! by whom, an app or a peer's address. Who needs some takes it from an [`Account`], and keeps the [`Held`] as long as it
//! is in use. What is beyond a bound is refused at once: that operation fails, not the node. What is worth waiting for are
//! [`Places`].

mod account;
mod bytes;
mod places;

pub use account::{Account, Held};
pub use bytes::held_bytes;
pub use places::{PlaceBounds, Places, TakenPlace, TooManyWait};

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use account::Shared;

/// Accounts kept before those that hold nothing are removed.
const ACCOUNTS_MAX: usize = 4_096;
/// One account holds at most this part of the total.
const ACCOUNT_PART: u64 = 2;
/// The last part of the total is for accounts that hold little.
const RESERVE_PART: u64 = 4;
/// What little is: at most this part of the total.
const LITTLE_PART: u64 = 16;

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Shortage {
    /// The account holds as much as one may.
    #[error("one app, or one address, may not hold more of this node's")]
    Account,
    /// The node holds as much as it may.
    #[error("this node has no more")]
    Node,
}

impl Shortage {
    /// In words for an app's owner, where what was refused is memory.
    pub fn of_memory(self) -> &'static str {
        match self {
            Self::Account => "the app holds as much of this node's memory as one app may",
            Self::Node => "this node holds as much memory for its apps as it may",
        }
    }
}

/// The ledger of one node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    node: Arc<Node>,
    accounts: Arc<Mutex<HashMap<Arc<str>, Account>>>,
}

/// The node's bounds and its total.
#[derive(Debug)]
struct Node {
    total: u64,
    held: AtomicU64,
    refused: AtomicU64,
}

impl Ledger {
    /// A ledger of `total` bytes, requests or connections.
    pub fn new(total: u64) -> Self {
        let node = Node { total, held: AtomicU64::new(0), refused: AtomicU64::new(0) };
        Self { node: Arc::new(node), accounts: Arc::default() }
    }

    /// An app's account, or an address's.
    pub fn account(&self, name: &str) -> Account {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get(name) {
            return account.clone();
        }
        if accounts.len() >= ACCOUNTS_MAX {
            accounts.retain(|_, account| account.is_in_use());
        }
        let name: Arc<str> = name.into();
        let account = Account::of(Arc::clone(&name), Arc::new(Shared::new(Arc::clone(&self.node))));
        accounts.insert(name, account.clone());
        account
    }

    /// The most that is held.
    pub fn total(&self) -> u64 {
        self.node.total
    }

    /// What is held now.
    pub fn held(&self) -> u64 {
        self.node.held.load(Ordering::Relaxed)
    }

    /// How often something was refused since the start.
    pub fn refused(&self) -> u64 {
        self.node.refused.load(Ordering::Relaxed)
    }
}

impl Node {
    /// Counts what an account takes, which then holds `account` in all.
    fn take(&self, more: u64, account: u64) -> Result<(), Shortage> {
        let node = self.held.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        let shortage = if node > self.total {
            Shortage::Node
        } else if account > self.total.div_ceil(ACCOUNT_PART) {
            Shortage::Account
        } else if node > self.total - self.total / RESERVE_PART && account > self.total.div_ceil(LITTLE_PART)
        {
            // It is one of those that hold most.
            Shortage::Account
        } else {
            return Ok(());
        };
        self.held.fetch_sub(more, Ordering::Relaxed);
        self.refused.fetch_add(1, Ordering::Relaxed);
        Err(shortage)
    }
}

#[cfg(test)]
mod tests;
