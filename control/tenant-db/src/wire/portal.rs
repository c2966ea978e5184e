//! A statement in a transaction whose rows are asked for by and by: a portal, which stays until it is closed or the
//! transaction ends.

use bytes::Bytes;
use postgres_protocol::message::frontend;

use super::connection::Connection;
use super::error::WireError;
use super::query::{Ending, Field, RowSink, bind, push_ours};

/// What opens one.
#[derive(Debug)]
pub(crate) struct Opening<'a> {
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
    pub(crate) async fn open_portal(&mut self, opening: &Opening<'_>) -> Result<Vec<Field>, WireError> {
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

    /// The next rows, at most so many. Whether they were the last ones.
    pub(crate) async fn fetch_portal(
        &mut self,
        portal: &str,
        rows: i32,
        sink: &mut impl RowSink,
    ) -> Result<bool, WireError> {
        frontend::execute(portal, rows, &mut self.output)?;
        match self.ask(0, sink).await? {
            Ending::Suspended => Ok(false),
            Ending::Complete(_) => Ok(true),
            Ending::None => Err(WireError::Protocol("no answer")),
        }
    }

    /// Let go of it, however far it came. One that is gone already is let go of, too.
    pub(crate) async fn close_portal(&mut self, portal: &str) -> Result<(), WireError> {
        frontend::close(b'P', portal, &mut self.output)?;
        self.ask(0, &mut Columns(Vec::new())).await?;
        Ok(())
    }

    async fn ask(&mut self, ours: usize, sink: &mut impl RowSink) -> Result<Ending, WireError> {
        frontend::sync(&mut self.output);
        self.send().await?;
        self.settle().await?;
        let outcome = self.read_result(ours, sink).await;
        // Whatever else went wrong, there are answers left that nobody will read.
        if matches!(outcome, Ok(_) | Err(WireError::Refused(_))) {
            self.rest();
        }
        outcome
    }
}

/// Takes the columns, of something that gives no rows.
struct Columns(Vec<Field>);

impl RowSink for Columns {
    fn fields(&mut self, fields: Vec<Field>) {
        self.0 = fields;
    }

    fn row(&mut self, _row: Bytes) -> Result<(), WireError> {
        Err(WireError::Protocol("a row that nobody asked for"))
    }

    fn room(&self) -> usize {
        0
    }
}
