//! `ctx.db`: statements, transactions, and cursors for streamed rows.

use std::sync::Arc;

use mayfly_abi::value::Value;

use super::queue::{NewJob, StoredJob};
use super::{BoxFuture, GuestError};

/// One SQL statement as the guest sent it: hostile text and untyped parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The SQL text.
    pub sql: String,
    /// `$1`, `$2`, ...
    pub params: Vec<Value>,
    /// How `int8` columns are given to the guest.
    pub bigint: BigintMode,
    /// How rows are given to the guest.
    pub shape: RowShape,
}

/// How a row is given to the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowShape {
    /// An object with a member for each column; of two columns with one name, the last one.
    #[default]
    Object,
    /// An array of all columns' values.
    Array,
}

/// How an `int8` that JavaScript's numbers cannot hold exactly is given to the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BigintMode {
    /// A number where that is exact, a string otherwise.
    #[default]
    Auto,
    /// Always a string; the guest makes `BigInt`s of them when it asked for that.
    Text,
}

/// The answer to a [`Statement`], ready for the guest's JSON parser.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResultSet {
    /// `{"rowCount":n|null,"fields":[{"name","type"}...],"revive":[["column","date"|"bytes"|"number"|"bigint"|"date[]"|"bytes[]"|"number[]"|"bigint[]"]...],"rows":[{...}]}`
    ///
    /// `revive` may be left out, and then this is what the function gets, member by member. It names the columns whose values the guest turns into something that JSON has no word for: `date`
    /// values are numbers of milliseconds since 1970 (or the strings `"infinity"`, `"-infinity"`), `bytes` values are
    /// lower-case hexadecimal strings, `number` values are strings that may also be `NaN`, `Infinity` or `-Infinity`,
    /// `bigint` values are decimal strings. Where rows are arrays, columns are named by their index.
    pub json: Vec<u8>,
}

/// An open statement of a transaction, whose rows are fetched in batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor(pub u32);

/// Some rows of a [`Cursor`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowBatch {
    /// The rows.
    pub result: ResultSet,
    /// Whether there are no more, and the cursor is closed.
    pub is_last: bool,
}

/// `ctx.db`: one app's database, as one identity.
pub trait Database: Send + Sync {
    /// Run one statement by itself.
    fn query(self: Arc<Self>, statement: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>>;

    /// Begin a transaction. Dropping it rolls it back.
    fn begin(
        self: Arc<Self>,
        options: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>>;

    /// This database under another identity (impersonation). The guest only asks: whether it may is decided here.
    fn act_as(self: Arc<Self>, actor: Actor) -> Result<Arc<dyn Database>, GuestError>;
}

/// The identity that a statement shall run under instead of the invocation's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// An end user, by id.
    User(String),
    /// The anonymous role.
    Anon,
}

/// How a transaction is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransactionOptions {
    /// The isolation level, or the server's default.
    pub isolation: Option<Isolation>,
    /// Whether writes are refused.
    pub read_only: bool,
}

/// A transaction's isolation level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// `READ COMMITTED`
    ReadCommitted,
    /// `REPEATABLE READ`
    RepeatableRead,
    /// `SERIALIZABLE`
    Serializable,
}

/// A transaction of one invocation. Dropped without `commit`, it is rolled back.
pub trait Transaction: Send {
    /// Run one statement in it.
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<ResultSet, GuestError>>;

    /// Set a savepoint.
    fn savepoint(&mut self) -> BoxFuture<'_, Result<(), GuestError>>;

    /// Release the innermost savepoint: its work is kept if the transaction is. After an error it is rolled back instead.
    fn release(&mut self) -> BoxFuture<'_, Result<(), GuestError>>;

    /// Roll back to the innermost savepoint, and release it.
    fn rollback_to(&mut self) -> BoxFuture<'_, Result<(), GuestError>>;

    /// Begin a statement whose rows are fetched as they are asked for.
    fn open(&mut self, statement: Statement) -> BoxFuture<'_, Result<Cursor, GuestError>>;

    /// The next rows, `rows` at most. Nothing is read ahead.
    fn fetch(&mut self, cursor: Cursor, rows: u32) -> BoxFuture<'_, Result<RowBatch, GuestError>>;

    /// Close the cursor; rows that were not fetched are dropped.
    fn close(&mut self, cursor: Cursor) -> BoxFuture<'_, Result<(), GuestError>>;

    /// Store a job in it: there is none before it commits. It was admitted by [`Queue::admit`].
    ///
    /// [`Queue::admit`]: super::Queue::admit
    fn enqueue(&mut self, job: NewJob) -> BoxFuture<'_, Result<StoredJob, GuestError>>;

    /// Store the work's result with its claim and commit, for a transaction of [`Idempotency::begin`].
    ///
    /// [`Idempotency::begin`]: super::Idempotency::begin
    fn finish(self: Box<Self>, result: String) -> BoxFuture<'static, Result<(), GuestError>>;

    /// Commit. An error means that nothing was committed, unless its code is `DB_CONNECTION_LOST`.
    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>>;

    /// Roll back.
    fn rollback(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>>;
}
