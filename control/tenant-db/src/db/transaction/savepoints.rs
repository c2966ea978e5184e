//! Savepoints, the transactions within a transaction: the innermost is released or rolled back first.

use mayfly_runtime::providers::GuestError;

use super::{AppTransaction, rolled_back};
use crate::wire::TransactionStatus;

/// How deep transactions may be nested: each costs the server memory, and locks remember them all.
const DEPTH_MAX: usize = 32;

impl AppTransaction {
    /// Costs no round trip: it is sent along with the first statement after it.
    pub(in crate::db) fn create_savepoint(&mut self) -> Result<(), GuestError> {
        if self.depth == DEPTH_MAX {
            let message = format!("transactions can be nested {DEPTH_MAX} deep, and no deeper");
            return Err(GuestError::new("54000", message));
        }
        if self.has_failed() {
            return Err(GuestError::new(
                "25P02",
                "a statement of the transaction has failed: it can only be rolled back",
            ));
        }
        self.depth += 1;
        self.pending.push(format!("SAVEPOINT {}", self.innermost()));
        Ok(())
    }

    pub(in crate::db) async fn release_savepoint(&mut self) -> Result<(), GuestError> {
        self.require_savepoint()?;
        if self.drop_unsent() {
            return Ok(());
        }
        if self.has_failed() {
            self.rollback_to_savepoint().await?;
            return Err(rolled_back("the nested transaction"));
        }
        let release = format!("RELEASE SAVEPOINT {}", self.innermost());
        self.depth -= 1;
        self.command(&release).await.map(|_| ())
    }

    pub(in crate::db) async fn rollback_to_savepoint(&mut self) -> Result<(), GuestError> {
        self.require_savepoint()?;
        if self.drop_unsent() {
            return Ok(());
        }
        let name = self.innermost();
        self.depth -= 1;
        self.command(&format!("ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")).await.map(|_| ())
    }

    /// Release the innermost one: sent along with the next statement, it costs no round trip either.
    pub(in crate::db) fn release_later(&mut self) {
        self.pending.push(format!("RELEASE SAVEPOINT {}", self.innermost()));
        self.depth -= 1;
    }

    /// Nothing can be written until the innermost one ends, at which PostgreSQL takes the setting back.
    pub(in crate::db) fn read_only_here(&mut self) {
        self.pending.push("SET LOCAL transaction_read_only = on".to_owned());
    }

    /// No statement of the user's can name one: the statement allow-list has no such command.
    fn innermost(&self) -> String {
        format!("m{}", self.depth)
    }

    /// A savepoint in which nothing was executed was never sent.
    fn drop_unsent(&mut self) -> bool {
        let name = format!("SAVEPOINT {}", self.innermost());
        let Some(unsent) = self.pending.iter().rposition(|statement| *statement == name) else {
            return false;
        };
        self.pending.truncate(unsent);
        self.depth -= 1;
        true
    }

    fn require_savepoint(&self) -> Result<(), GuestError> {
        match self.depth {
            0 => Err(GuestError::new("3B001", "no transaction is open within this one")),
            _ => Ok(()),
        }
    }

    fn has_failed(&mut self) -> bool {
        self.checkout.connection().is_ok_and(|connection| connection.status() == TransactionStatus::Failed)
    }
}
