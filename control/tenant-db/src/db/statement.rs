//! One statement outside a transaction, as one identity, in one round trip.

use bytes::Bytes;

use super::checkout::Checkout;
use super::session::{Known, Plan, SessionUser};
use crate::wire::{Exchange, Field, RowSink, StatementName, WireError};

/// A user's statement, and the user whose claims are set for it.
#[derive(Debug)]
pub(crate) struct UserStatement<'a> {
    pub(crate) user: Option<SessionUser<'a>>,
    pub(crate) sql: &'a str,
    pub(crate) params: &'a [Option<Vec<u8>>],
}

impl Checkout {
    /// Run it. Its session side effects are undone before the next use.
    pub(crate) async fn run(
        &mut self,
        request: &UserStatement<'_>,
        sink: &mut impl RowSink,
    ) -> Result<String, WireError> {
        let (_, session) = self.parts()?;
        let plan = session.statements().map_or(Plan::Once, |statements| statements.plan(request.sql));
        let outcome = self.attempt(request, &plan, sink).await;
        match (&plan, &outcome) {
            // The tables have changed since it was parsed. As the refusal undid everything, it may be run again.
            (Plan::Kept(known), Err(WireError::Refused(refusal))) if is_stale(&refusal.sqlstate) => {
                self.close_later(&known.name)?;
                self.attempt(request, &Plan::Once, sink).await
            }
            _ => outcome,
        }
    }

    async fn attempt(
        &mut self,
        request: &UserStatement<'_>,
        plan: &Plan,
        sink: &mut impl RowSink,
    ) -> Result<String, WireError> {
        let (connection, session) = self.parts()?;
        let before = session.before_use(request.user);
        let after = session.reset();
        let close = session.statements().map(|statements| statements.take_to_close()).unwrap_or_default();
        let name = match plan {
            Plan::Once => StatementName::Unnamed,
            Plan::Keep(name) => StatementName::New(name),
            Plan::Kept(Known { name, fields }) => {
                sink.fields(fields.to_vec());
                StatementName::Parsed(name)
            }
        };
        let exchange = Exchange {
            close: &close,
            before: &before,
            name,
            sql: request.sql,
            params: request.params,
            after,
        };
        let mut sink = RecordingSink { sink, fields: Vec::new() };
        let outcome = connection.exchange(&exchange, &mut sink).await;
        let RecordingSink { fields, .. } = sink;
        if outcome.is_ok() {
            session.after_use(request.user);
        }
        if let (Plan::Keep(name), Some(statements)) = (plan, session.statements()) {
            match outcome {
                Ok(_) => statements.keep(request.sql, name.clone(), fields.into()),
                Err(_) => statements.close_later(name),
            }
        }
        outcome
    }

    fn close_later(&mut self, name: &str) -> Result<(), WireError> {
        let (_, session) = self.parts()?;
        if let Some(statements) = session.statements() {
            statements.close_later(name);
        }
        Ok(())
    }
}

/// Refusals by which a parsed statement may differ from the same text parsed again: columns or types have changed, a
/// table is gone and another one has its name, the name itself is not known.
fn is_stale(sqlstate: &str) -> bool {
    sqlstate.starts_with("42") || sqlstate == "0A000" || sqlstate == "26000"
}

/// Remembers the columns on their way to the sink.
struct RecordingSink<'a, S> {
    sink: &'a mut S,
    fields: Vec<Field>,
}

impl<S: RowSink> RowSink for RecordingSink<'_, S> {
    fn fields(&mut self, fields: Vec<Field>) {
        self.fields.clone_from(&fields);
        self.sink.fields(fields);
    }

    fn row(&mut self, row: Bytes) -> Result<(), WireError> {
        self.sink.row(row)
    }

    fn bytes_left(&self) -> usize {
        self.sink.bytes_left()
    }
}
