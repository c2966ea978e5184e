//! `ctx.db.tx`: several statements on one connection, kept or undone together.

use std::fmt;

use mayfly_runtime::providers::{
    BoxFuture, GuestError, Isolation, ResultSet, Statement, Transaction, TransactionOptions,
};

use super::checkout::Checkout;
use super::database::within_time;
use super::error::guest_error;
use super::rows::JsonRows;
use super::{encode, gate};
use crate::wire::{Exchange, Name, TransactionStatus, WireError};

/// An open transaction. Dropping it closes its connection, which rolls back.
pub(super) struct AppTransaction {
    checkout: Checkout,
    /// What begins it: sent together with the first statement.
    opening: Vec<String>,
    begun: bool,
}

impl fmt::Debug for AppTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppTransaction").field("begun", &self.begun).finish_non_exhaustive()
    }
}

impl AppTransaction {
    /// `claims` are the statements that say who the user is.
    pub(super) fn new(checkout: Checkout, options: TransactionOptions, claims: Vec<String>) -> Self {
        let begin = begin_statement(options);
        Self { checkout, opening: std::iter::once(begin).chain(claims).collect(), begun: false }
    }

    async fn query_in(&mut self, statement: Statement) -> Result<ResultSet, GuestError> {
        gate::check(&statement.sql)?;
        let params = encode::encode(&statement.params, self.checkout.pools().bounds().params_bytes_max)?;
        let before: &[String] = if self.begun { &[] } else { &self.opening };
        self.begun = true;
        // Unnamed: when the tables changed under a kept statement, a transaction could not be tried again.
        let exchange = Exchange {
            close: &[],
            before,
            name: Name::Unnamed,
            sql: &statement.sql,
            params: &params,
            after: None,
        };
        let mut rows = JsonRows::new(statement.bigint, self.checkout.pools().bounds());
        let outcome = within_time(&mut self.checkout, async |checkout| {
            checkout.connection()?.exchange(&exchange, &mut rows).await
        })
        .await;
        // The gate lets nothing through that ends a transaction: if one ended all the same, nobody knows how.
        let ended =
            self.checkout.connection().is_ok_and(|connection| connection.status() == TransactionStatus::Idle);
        if ended {
            self.checkout.spoil();
            return Err(guest_error(WireError::Protocol("the transaction ended by itself")));
        }
        Ok(rows.finish(&outcome?))
    }

    /// `COMMIT` or `ROLLBACK`, and the reset where one is due, in one round trip. Gives the command that PostgreSQL carried out.
    async fn end(&mut self, command: &str) -> Result<String, WireError> {
        let limit = self.checkout.pools().bounds().statement_timeout;
        let (connection, session) = self.checkout.parts()?;
        let reset = session.reset();
        connection.push_simple(command)?;
        if let Some(reset) = reset {
            connection.push_simple(reset)?;
        }
        let conversation = async {
            connection.send().await?;
            connection.settle().await?;
            let outcome = connection.read_simple().await;
            if matches!(outcome, Ok(_) | Err(WireError::Refused(_))) {
                if reset.is_some() {
                    connection.owe();
                }
                connection.rest();
            }
            outcome
        };
        let outcome = tokio::time::timeout(limit, conversation)
            .await
            .unwrap_or_else(|_| Err(WireError::Lost(std::io::ErrorKind::TimedOut.into())));
        self.checkout.inspect(outcome)
    }
}

impl Transaction for AppTransaction {
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<ResultSet, GuestError>> {
        Box::pin(self.query_in(statement))
    }

    fn commit(mut self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async move {
            if !self.begun {
                return Ok(());
            }
            match self.end("COMMIT").await.map_err(guest_error)?.as_str() {
                "COMMIT" => Ok(()),
                _ => Err(GuestError::new(
                    "25P02",
                    "the transaction was rolled back, because a statement in it had failed",
                )),
            }
        })
    }

    fn rollback(mut self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async move {
            if !self.begun {
                return Ok(());
            }
            self.end("ROLLBACK").await.map(|_| ()).map_err(guest_error)
        })
    }
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
