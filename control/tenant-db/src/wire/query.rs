//! One use of a connection: statements of ours and one of the user's, in one round trip.

use bytes::{Bytes, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend::{self, BindError};

use super::connection::Connection;
use super::error::{Refusal, WireError};
use super::message::{Field, Incoming};

/// Takes rows as they arrive.
pub(crate) trait RowSink {
    /// The columns, before the first row; not called for a statement without any.
    fn fields(&mut self, fields: Vec<Field>);

    /// The types of the statement's parameters, where they were asked for.
    fn parameters(&mut self, _types: Vec<u32>) {}

    /// One row. An error says what is too large, and ends the use.
    fn row(&mut self, row: Bytes) -> Result<(), WireError>;

    /// How many bytes it can still take.
    fn bytes_left(&self) -> usize;
}

/// Under which name the user's statement is parsed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StatementName<'a> {
    /// None: the next one replaces it.
    Unnamed,
    /// This one, from now on.
    New(&'a str),
    /// This one, some time ago. Its columns are known, so they are not asked for.
    Parsed(&'a str),
}

/// What is sent in one round trip. If one statement fails, the server skips those after it.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    /// Prepared statements that the server shall close.
    pub(crate) close: &'a [String],
    /// Statements of ours that come first: claims, the beginning of a transaction.
    pub(crate) before: &'a [String],
    /// The name of the user's statement.
    pub(crate) name: StatementName<'a>,
    /// The user's statement.
    pub(crate) sql: &'a str,
    /// Its parameters in PostgreSQL's text format; `None` is NULL.
    pub(crate) params: &'a [Option<Vec<u8>>],
    /// A statement of ours that is sent along and whose answer the next use reads.
    pub(crate) after: Option<&'a str>,
}

impl Connection {
    /// Send it all, and feed the rows to the sink. Returns the user's statement's command tag.
    pub(crate) async fn exchange(
        &mut self,
        exchange: &Exchange<'_>,
        sink: &mut impl RowSink,
    ) -> Result<String, WireError> {
        for name in exchange.close {
            frontend::close(b'S', name, &mut self.output)?;
        }
        for statement in exchange.before {
            push_ours(&mut self.output, statement)?;
        }
        push(&mut self.output, exchange.name, exchange.sql, exchange.params)?;
        frontend::sync(&mut self.output);
        if let Some(after) = exchange.after {
            self.push_simple(after)?;
        }
        self.send().await?;
        self.read_outstanding().await?;
        let outcome = match self.read_result(exchange.before.len(), sink).await {
            Ok(StatementEnd::Complete(tag)) => Ok(tag),
            Ok(StatementEnd::None | StatementEnd::Suspended) => Err(WireError::Protocol("no answer")),
            Err(error) => Err(error),
        };
        if exchange.after.is_some() {
            self.leave_outstanding();
        }
        // After any other error there are answers left that will not be read.
        if matches!(outcome, Ok(_) | Err(WireError::Refused(_))) {
            self.end_use();
        }
        outcome
    }

    /// Reads up to where the server waits for the next statement: what it said of the user's, behind `ours`.
    pub(super) async fn read_result(
        &mut self,
        ours: usize,
        sink: &mut impl RowSink,
    ) -> Result<StatementEnd, WireError> {
        let mut completed = 0;
        let mut outcome = Ok(StatementEnd::None);
        loop {
            match self.next(sink.bytes_left()).await? {
                // Statements of ours have no rows.
                Incoming::Fields(fields) => sink.fields(fields),
                Incoming::Row(row) => sink.row(row)?,
                Incoming::Complete(tag) => {
                    completed += 1;
                    if completed > ours {
                        outcome = Ok(StatementEnd::Complete(tag));
                    }
                }
                Incoming::Suspended => outcome = Ok(StatementEnd::Suspended),
                Incoming::Error(refusal) if refusal.fatal || completed >= ours || is_outer(&refusal) => {
                    let fatal = refusal.fatal;
                    outcome = Err(WireError::Refused(refusal));
                    if fatal {
                        return outcome;
                    }
                }
                Incoming::Error(refusal) => {
                    tracing::error!(%refusal, "a statement of the platform's was refused on a tenant's connection");
                    return Err(WireError::Protocol("the platform's own statement was refused"));
                }
                Incoming::Ready => return outcome,
                Incoming::Parameters(types) => sink.parameters(types),
                Incoming::Step => {}
                Incoming::Copy => return Err(WireError::Protocol("copy")),
            }
        }
    }
}

/// A cancel, a time that was over, a shutdown: they hit the statement that runs at the moment, ours or the user's.
fn is_outer(refusal: &Refusal) -> bool {
    refusal.sqlstate.starts_with("57")
}

/// What the server said of the user's statement in the end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StatementEnd {
    /// Nothing: it was not executed.
    None,
    /// There are more rows.
    Suspended,
    /// It is done; its command tag.
    Complete(String),
}

/// Parse, bind, describe, execute, as far as that is not done yet: every parameter as text whose type the server
/// infers, every result as text.
fn push(
    output: &mut BytesMut,
    name: StatementName<'_>,
    sql: &str,
    params: &[Option<Vec<u8>>],
) -> Result<(), WireError> {
    let (text, is_parsed) = match name {
        StatementName::Unnamed => ("", false),
        StatementName::New(name) => (name, false),
        StatementName::Parsed(name) => (name, true),
    };
    if !is_parsed {
        frontend::parse(text, sql, [], output)?;
    }
    bind(output, "", text, params)?;
    if !is_parsed {
        frontend::describe(b'P', "", output)?;
    }
    Ok(frontend::execute("", 0, output)?)
}

/// A statement of ours, without parameters or rows.
pub(super) fn push_ours(output: &mut BytesMut, sql: &str) -> Result<(), WireError> {
    push(output, StatementName::Unnamed, sql, &[])
}

/// The parsed statement of this name, with its parameters, as a portal.
pub(super) fn bind(
    output: &mut BytesMut,
    portal: &str,
    statement: &str,
    params: &[Option<Vec<u8>>],
) -> Result<(), WireError> {
    let serialize = |param: &Option<Vec<u8>>, output: &mut BytesMut| {
        Ok(match param {
            None => IsNull::Yes,
            Some(text) => {
                output.extend_from_slice(text);
                IsNull::No
            }
        })
    };
    frontend::bind(portal, statement, [], params, serialize, [], output).map_err(|error| match error {
        BindError::Conversion(_) => WireError::Protocol("parameter"),
        BindError::Serialization(error) => WireError::Lost(error),
    })
}
