//! `ctx.db.tx`: several statements on one connection, committed or rolled back together.

mod cursors;
mod held_key;
mod jobs;
mod savepoints;

use std::fmt;

use mayfly_runtime::providers::{
    BoxFuture, ClaimOutcome, Cursor, GuestError, Isolation, NewJob, ResultSet, RowBatch, Statement,
    StoredJob, Transaction, TransactionOptions,
};

use self::cursors::{Cursors, Portal, closed};
pub(super) use self::held_key::HeldKey;
pub(super) use self::held_key::KeyRow;
use self::held_key::{KEEP, TAKE, not_held};
pub(super) use self::jobs::JobsWithin;
use super::checkout::Checkout;
use super::encode::Param;
use super::error::guest_error;
use super::rows::JsonRows;
use super::{allow_list, encode};
use crate::wire::{Exchange, RowSink, StatementName, TransactionStatus, WireError};

/// An open transaction. Dropping it rolls it back.
pub(super) struct AppTransaction {
    checkout: Checkout,
    /// Statements of ours that are sent together with the next one of the user's: what begins the transaction, or
    /// a savepoint in it.
    pending: Vec<String>,
    begun: bool,
    /// Savepoints that are open.
    depth: usize,
    cursors: Cursors,
    /// The key that it was begun with, for `ctx.idempotency.run`.
    held: Option<HeldKey>,
    jobs: JobsWithin,
}

impl fmt::Debug for AppTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppTransaction").field("begun", &self.begun).finish_non_exhaustive()
    }
}

impl AppTransaction {
    /// `claims` are the statements that set the user's claims.
    pub(super) fn new(
        checkout: Checkout,
        options: TransactionOptions,
        claims: Vec<String>,
        jobs: JobsWithin,
    ) -> Self {
        let begin = begin_statement(options);
        Self {
            checkout,
            pending: std::iter::once(begin).chain(claims).collect(),
            begun: false,
            depth: 0,
            cursors: Cursors::default(),
            held: None,
            jobs,
        }
    }

    pub(super) fn checkout(&mut self) -> &mut Checkout {
        &mut self.checkout
    }

    pub(super) async fn query_in(&mut self, statement: Statement) -> Result<ResultSet, GuestError> {
        let params = self.vet(&statement).await?;
        let mut rows = JsonRows::new(statement.bigint, statement.shape, self.checkout.pools().limits());
        let command_tag = self.exchange(&statement.sql, &params, &mut rows).await?;
        Ok(rows.finish(&command_tag))
    }

    /// What a statement of the user's has to pass before anything is sent.
    async fn vet(&mut self, statement: &Statement) -> Result<Vec<Param>, GuestError> {
        allow_list::check(&statement.sql, self.checkout.privilege())?;
        let bytes_max = self.checkout.pools().limits().params_bytes_max;
        if !encode::has_array(&statement.params) {
            return encode::encode(&statement.params, bytes_max, &[]);
        }
        let types = match self.checkout.known_types(&statement.sql) {
            Some(known) => known,
            None => {
                let before = self.take_pending();
                let asked = self.checkout.ask_types(&statement.sql, &before).await;
                self.still_open(asked)?
            }
        };
        encode::encode(&statement.params, bytes_max, &types)
    }

    /// Run a statement in it, the user's or one of ours. Gives the command tag.
    pub(super) async fn exchange(
        &mut self,
        sql: &str,
        params: &[Param],
        sink: &mut impl RowSink,
    ) -> Result<String, GuestError> {
        let before = self.take_pending();
        // Unnamed: when the tables changed under a kept statement, a transaction could not be tried again.
        let exchange =
            Exchange { close: &[], before: &before, name: StatementName::Unnamed, sql, params, after: None };
        let outcome = self
            .checkout
            .within_time(async |checkout| checkout.connection()?.exchange(&exchange, sink).await)
            .await;
        self.still_open(outcome)
    }

    fn take_pending(&mut self) -> Vec<String> {
        self.begun = true;
        std::mem::take(&mut self.pending)
    }

    /// The statement allow-list has nothing that ends a transaction: if one ended all the same, it is not known how.
    fn still_open<T>(&mut self, outcome: Result<T, GuestError>) -> Result<T, GuestError> {
        let ended =
            self.checkout.connection().is_ok_and(|connection| connection.status() == TransactionStatus::Idle);
        if ended {
            self.checkout.mark_broken();
            return Err(guest_error(WireError::Protocol("the transaction ended by itself")));
        }
        outcome
    }

    /// Commands of ours, alone. Gives the last one that PostgreSQL carried out.
    async fn command(&mut self, sql: &str) -> Result<String, GuestError> {
        self.checkout.within_time(async |checkout| checkout.connection()?.run_simple(sql).await).await
    }

    pub(super) async fn open_cursor(&mut self, statement: Statement) -> Result<Cursor, GuestError> {
        self.cursors.check_room()?;
        let params = self.vet(&statement).await?;
        let before = self.take_pending();
        let opened = Portal::open(&mut self.checkout, &before, &statement, &params).await;
        let portal = self.still_open(opened)?;
        Ok(self.cursors.insert(portal))
    }

    pub(super) async fn fetch_rows(&mut self, cursor: Cursor, rows: u32) -> Result<RowBatch, GuestError> {
        let Some(portal) = self.cursors.remove(cursor) else { return Err(closed()) };
        let fetched = portal.fetch(&mut self.checkout, rows).await;
        let batch = self.still_open(fetched)?;
        if batch.is_last {
            // Kept open to the end of the transaction, it would hold what the statement holds.
            self.close_portal(portal).await?;
        } else {
            self.cursors.put_back(cursor, portal);
        }
        Ok(batch)
    }

    async fn close_portal(&mut self, portal: Portal) -> Result<(), GuestError> {
        let outcome = portal.close(&mut self.checkout).await;
        self.still_open(outcome)
    }

    /// Send what waits for the next statement: rows of an open portal are fetched without one.
    pub(super) async fn send_pending(&mut self) -> Result<(), GuestError> {
        let pending = self.take_pending().join("; ");
        self.command(&pending).await.map(|_| ())
    }

    pub(super) async fn close_cursor(&mut self, cursor: Cursor) -> Result<(), GuestError> {
        match self.cursors.remove(cursor) {
            Some(portal) => self.close_portal(portal).await,
            None => Ok(()),
        }
    }

    /// Take the idempotency key in this transaction, or find the result of the work that had it. Waits for a
    /// transaction that holds it at the moment.
    pub(super) async fn take_key(
        &mut self,
        held: &HeldKey,
        ttl_seconds: Option<u32>,
    ) -> Result<KeyRow, GuestError> {
        let mut row = KeyRow::default();
        let params = held.params(ttl_seconds.map(|seconds| seconds.to_string()));
        self.exchange(TAKE, &params, &mut row).await?;
        Ok(row)
    }

    /// Take the key for all that the transaction will do.
    pub(in crate::db) async fn take(
        mut self,
        held: HeldKey,
        ttl_seconds: Option<u32>,
    ) -> Result<ClaimOutcome, GuestError> {
        let row = self.take_key(&held, ttl_seconds).await?;
        if row.mine {
            self.held = Some(held);
            return Ok(ClaimOutcome::Mine(Box::new(self)));
        }
        // There is nothing to undo; a connection on which even that fails is closed.
        let _ = self.roll_back_now().await;
        row.into_result().map(ClaimOutcome::Done)
    }

    /// Store the result beside the key.
    pub(super) async fn store_result(
        &mut self,
        held: Option<HeldKey>,
        result: &str,
    ) -> Result<(), GuestError> {
        let params = held.ok_or_else(not_held)?.result_params(result)?;
        self.exchange(KEEP, &params, &mut KeyRow::default()).await.map(|_| ())
    }

    pub(super) async fn commit_now(&mut self) -> Result<(), GuestError> {
        if !self.begun {
            return Ok(());
        }
        match self.checkout.finish("COMMIT").await.map_err(guest_error)?.as_str() {
            "COMMIT" => {
                self.jobs.committed();
                Ok(())
            }
            _ => Err(rolled_back("the transaction")),
        }
    }

    pub(super) async fn roll_back_now(&mut self) -> Result<(), GuestError> {
        if !self.begun {
            return Ok(());
        }
        self.checkout.finish("ROLLBACK").await.map(|_| ()).map_err(guest_error)
    }
}

impl Transaction for AppTransaction {
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<ResultSet, GuestError>> {
        Box::pin(self.query_in(statement))
    }

    fn savepoint(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        let outcome = self.create_savepoint();
        Box::pin(async { outcome })
    }

    fn release(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(self.release_savepoint())
    }

    fn rollback_to(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(self.rollback_to_savepoint())
    }

    fn open(&mut self, statement: Statement) -> BoxFuture<'_, Result<Cursor, GuestError>> {
        Box::pin(self.open_cursor(statement))
    }

    fn fetch(&mut self, cursor: Cursor, rows: u32) -> BoxFuture<'_, Result<RowBatch, GuestError>> {
        Box::pin(self.fetch_rows(cursor, rows))
    }

    fn close(&mut self, cursor: Cursor) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(self.close_cursor(cursor))
    }

    fn enqueue(&mut self, job: NewJob) -> BoxFuture<'_, Result<StoredJob, GuestError>> {
        Box::pin(self.store_job(job))
    }

    fn finish(mut self: Box<Self>, result: String) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async move {
            let held = self.held.take();
            match self.store_result(held, &result).await {
                Ok(()) => self.commit_now().await,
                Err(error) => {
                    // Why the result was not stored says more than a rollback that fails, which closes the connection.
                    let _ = self.roll_back_now().await;
                    Err(error)
                }
            }
        })
    }

    fn commit(mut self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async move { self.commit_now().await })
    }

    fn rollback(mut self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async move { self.roll_back_now().await })
    }
}

fn rolled_back(what: &str) -> GuestError {
    GuestError::new("25P02", format!("{what} was rolled back, because a statement in it had failed"))
}

fn begin_statement(options: TransactionOptions) -> String {
    let isolation = match options.isolation {
        None => "",
        Some(Isolation::ReadCommitted) => " ISOLATION LEVEL READ COMMITTED",
        Some(Isolation::RepeatableRead) => " ISOLATION LEVEL REPEATABLE READ",
        Some(Isolation::Serializable) => " ISOLATION LEVEL SERIALIZABLE",
    };
    let access = if options.read_only { " READ ONLY" } else { "" };
    format!("BEGIN{isolation}{access}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_begins_as_asked() {
        assert_eq!(begin_statement(TransactionOptions::default()), "BEGIN");
        let strict = TransactionOptions { isolation: Some(Isolation::Serializable), read_only: true };
        assert_eq!(begin_statement(strict), "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY");
    }
}
