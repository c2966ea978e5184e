//! `ctx.db`: statements, transactions, and rows by and by.

use std::sync::Arc;

use mayfly_abi::value::Value;

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
    /// What a row is to the guest.
    pub shape: RowShape,
}

/// What a row is to the guest.
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
    /// `revive` names the columns whose values the guest turns into something that JSON has no word for: `date`
    /// values are numbers of milliseconds since 1970 (or the strings `"infinity"`, `"-infinity"`), `bytes` values are
    /// lower-case hexadecimal strings, `number` values are strings that may also be `NaN`, `Infinity` or `-Infinity`,
    /// `bigint` values are decimal strings. Where rows are arrays, columns are named by their index.
    pub json: Vec<u8>,
}

/// A statement of a transaction whose rows are fetched by and by.
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

    /// Begin a transaction. Dropping what comes back rolls it back.
    fn begin(
        self: Arc<Self>,
        options: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>>;

    /// The same database as somebody else. The guest only wishes: whether it may is decided here.
    fn act_as(self: Arc<Self>, actor: Actor) -> Result<Arc<dyn Database>, GuestError>;
}

/// Somebody else as whom a statement shall run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// An end user, by id.
    User(String),
    /// Nobody.
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

    /// Begin a transaction within the innermost one that is open.
    fn savepoint(&mut self) -> BoxFuture<'_, Result<(), GuestError>>;

    /// Keep what the innermost one did, as far as those around it are kept. After an error it was undone.
    fn release(&mut self) -> BoxFuture<'_, Result<(), GuestError>>;

    /// Undo what the innermost one did.
    fn rollback_to(&mut self) -> BoxFuture<'_, Result<(), GuestError>>;

    /// Begin a statement whose rows are fetched as they are asked for.
    fn open(&mut self, statement: Statement) -> BoxFuture<'_, Result<Cursor, GuestError>>;

    /// The next rows, at most so many. Nothing is read ahead.
    fn fetch(&mut self, cursor: Cursor, rows: u32) -> BoxFuture<'_, Result<RowBatch, GuestError>>;

    /// Forget the rest of them.
    fn close(&mut self, cursor: Cursor) -> BoxFuture<'_, Result<(), GuestError>>;

    /// Commit, and with it the result of the work, for a transaction that [`Idempotency::begin`] gave.
    ///
    /// [`Idempotency::begin`]: super::Idempotency::begin
    fn settle(self: Box<Self>, result: String) -> BoxFuture<'static, Result<(), GuestError>>;

    /// Commit. An error means that nothing was committed, unless its code is `DB_CONNECTION_LOST`.
    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>>;

    /// Roll back.
    fn rollback(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>>;
}
