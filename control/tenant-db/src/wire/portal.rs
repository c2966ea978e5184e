//! A portal: a statement in a transaction whose rows are fetched in batches. It stays until it is closed or the
//! transaction ends.

use bytes::Bytes;
use postgres_protocol::message::frontend;

use super::connection::Connection;
use super::error::WireError;
use super::message::Field;
use super::query::{RowSink, StatementEnd, bind, push_ours};

/// What is sent to open one.
#[derive(Debug)]
pub(crate) struct OpenPortal<'a> {
    /// Statements of ours that come first.
    pub(crate) before: &'a [String],
    /// The portal's name.
    pub(crate) portal: &'a str,
    /// The user's statement.
    pub(crate) sql: &'a str,
    /// Its parameters in PostgreSQL's text format; `None` is NULL.
    pub(crate) params: &'a [Option<Vec<u8>>],
}

impl Connection {
    /// Parse and bind; nothing is executed. Gives the columns of the rows to come.
    pub(crate) async fn open_portal(&mut self, opening: &OpenPortal<'_>) -> Result<Vec<Field>, WireError> {
        for statement in opening.before {
            push_ours(&mut self.output, statement)?;
        }
        frontend::parse("", opening.sql, [], &mut self.output)?;
        bind(&mut self.output, opening.portal, "", opening.params)?;
        frontend::describe(b'P', opening.portal, &mut self.output)?;
        let mut columns = Columns(Vec::new());
        self.ask(opening.before.len(), &mut columns).await?;
        Ok(columns.0)
    }

    /// The next rows, at most `rows`. Whether they were the last ones.
    pub(crate) async fn fetch_portal(
        &mut self,
        portal: &str,
        rows: i32,
        sink: &mut impl RowSink,
    ) -> Result<bool, WireError> {
        frontend::execute(portal, rows, &mut self.output)?;
        match self.ask(0, sink).await? {
            StatementEnd::Suspended => Ok(false),
            StatementEnd::Complete(_) => Ok(true),
            StatementEnd::None => Err(WireError::Protocol("no answer")),
        }
    }

    /// Close it, however many rows were fetched. Closing one that is gone already is no error.
    pub(crate) async fn close_portal(&mut self, portal: &str) -> Result<(), WireError> {
        frontend::close(b'P', portal, &mut self.output)?;
        self.ask(0, &mut Columns(Vec::new())).await?;
        Ok(())
    }

    /// The types of a statement's parameters: it is parsed, and not executed. `before` are statements of ours that are
    /// sent first.
    pub(crate) async fn parameter_types(
        &mut self,
        before: &[String],
        sql: &str,
    ) -> Result<Vec<u32>, WireError> {
        for statement in before {
            push_ours(&mut self.output, statement)?;
        }
        frontend::parse("", sql, [], &mut self.output)?;
        frontend::describe(b'S', "", &mut self.output)?;
        let mut types = Parameters(Vec::new());
        self.ask(before.len(), &mut types).await?;
        Ok(types.0)
    }

    async fn ask(&mut self, ours: usize, sink: &mut impl RowSink) -> Result<StatementEnd, WireError> {
        frontend::sync(&mut self.output);
        self.send().await?;
        self.read_outstanding().await?;
        let outcome = self.read_result(ours, sink).await;
        // After any other error there are answers left that will not be read.
        if matches!(outcome, Ok(_) | Err(WireError::Refused(_))) {
            self.end_use();
        }
        outcome
    }
}

/// Takes the types of parameters, of something that gives no rows.
struct Parameters(Vec<u32>);

impl RowSink for Parameters {
    fn fields(&mut self, _fields: Vec<Field>) {}

    fn parameters(&mut self, types: Vec<u32>) {
        self.0 = types;
    }

    fn row(&mut self, _row: Bytes) -> Result<(), WireError> {
        Err(WireError::Protocol("an unexpected row"))
    }

    fn bytes_left(&self) -> usize {
        0
    }
}

/// Takes the columns, of something that gives no rows.
struct Columns(Vec<Field>);

impl RowSink for Columns {
    fn fields(&mut self, fields: Vec<Field>) {
        self.0 = fields;
    }

    fn row(&mut self, _row: Bytes) -> Result<(), WireError> {
        Err(WireError::Protocol("an unexpected row"))
    }

    fn bytes_left(&self) -> usize {
        0
    }
}
