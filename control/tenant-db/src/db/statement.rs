//! One statement outside a transaction, as somebody, in one round trip.

use bytes::Bytes;

use super::checkout::Checkout;
use super::session::{Bearer, Known, Plan};
use crate::wire::{Exchange, Field, Name, RowSink, WireError};

/// A statement, and for whom.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) bearer: Option<Bearer<'a>>,
    pub(crate) sql: &'a str,
    pub(crate) params: &'a [Option<Vec<u8>>],
}

impl Checkout {
    /// Run it. Whatever it leaves in the session is gone before the next use.
    pub(crate) async fn run(
        &mut self,
        request: &Request<'_>,
        sink: &mut impl RowSink,
    ) -> Result<String, WireError> {
        let (_, session) = self.parts()?;
        let plan = session.statements().map_or(Plan::Once, |statements| statements.plan(request.sql));
        let outcome = self.attempt(request, &plan, sink).await;
        match (&plan, &outcome) {
            // The tables have changed since it was parsed. As the refusal undid everything, it may be run again.
            (Plan::Kept(known), Err(WireError::Refused(refusal))) if is_stale(&refusal.sqlstate) => {
                self.doom(&known.name)?;
                self.attempt(request, &Plan::Once, sink).await
            }
            _ => outcome,
        }
    }

    async fn attempt(
        &mut self,
        request: &Request<'_>,
        plan: &Plan,
        sink: &mut impl RowSink,
    ) -> Result<String, WireError> {
        let (connection, session) = self.parts()?;
        let before = session.entering(request.bearer);
        let after = session.reset();
        let close = session.statements().map(|statements| statements.take_doomed()).unwrap_or_default();
        let name = match plan {
            Plan::Once => Name::Unnamed,
            Plan::Keep(name) => Name::New(name),
            Plan::Kept(Known { name, fields }) => {
                sink.fields(fields.to_vec());
                Name::Parsed(name)
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
        let mut sink = Noting { sink, fields: Vec::new() };
        let outcome = connection.exchange(&exchange, &mut sink).await;
        let Noting { fields, .. } = sink;
        if outcome.is_ok() {
            session.entered(request.bearer);
        }
        if let (Plan::Keep(name), Some(statements)) = (plan, session.statements()) {
            match outcome {
                Ok(_) => statements.keep(request.sql, name.clone(), fields.into()),
                Err(_) => statements.doom(name),
            }
        }
        outcome
    }

    fn doom(&mut self, name: &str) -> Result<(), WireError> {
        let (_, session) = self.parts()?;
        if let Some(statements) = session.statements() {
            statements.doom(name);
        }
        Ok(())
    }
}

/// Refusals by which a parsed statement may differ from the same text parsed anew: columns or types are others, a table
/// is gone and another one has its name, the name itself is not known.
fn is_stale(sqlstate: &str) -> bool {
    sqlstate.starts_with("42") || sqlstate == "0A000" || sqlstate == "26000"
}

/// Remembers the columns on their way to the sink.
struct Noting<'a, S> {
    sink: &'a mut S,
    fields: Vec<Field>,
}

impl<S: RowSink> RowSink for Noting<'_, S> {
    fn fields(&mut self, fields: Vec<Field>) {
        self.fields.clone_from(&fields);
        self.sink.fields(fields);
    }

    fn row(&mut self, row: Bytes) -> Result<(), WireError> {
        self.sink.row(row)
    }

    fn room(&self) -> usize {
        self.sink.room()
    }
}
