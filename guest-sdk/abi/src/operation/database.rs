//! What `ctx.db`'s operations send, and what comes back.

use crate::frame::{Malformed, Reader, Writer};
use crate::value::Value;

/// The identity that a statement outside of a transaction runs under, or a transaction. The host decides whether it may.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ActorFrame {
    /// The invocation's own.
    #[default]
    Own,
    /// This end user's.
    User(String),
    /// The anonymous role's.
    Anon,
}

impl ActorFrame {
    /// Appends it to a frame.
    pub fn write(&self, writer: &mut Writer) {
        match self {
            Self::Own => writer.u8(0),
            Self::User(id) => {
                writer.u8(1);
                writer.text(id);
            }
            Self::Anon => writer.u8(2),
        }
    }

    /// Reads it.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match reader.u8()? {
            0 => Self::Own,
            1 => Self::User(reader.text()?.to_owned()),
            2 => Self::Anon,
            _ => return Err(Malformed),
        })
    }

    /// The frame of an operation that asks whether the invocation may be this.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.finish()
    }
}

/// One SQL statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The transaction's number, or 0 for none.
    pub transaction: u32,
    /// The identity that it runs under, where it is in no transaction.
    pub actor: ActorFrame,
    /// Whether every `int8` comes as text.
    pub bigint_as_text: bool,
    /// Whether rows come as arrays, and not as objects.
    pub rows_as_arrays: bool,
    /// The SQL text.
    pub sql: String,
    /// Its parameters.
    pub params: Vec<Value>,
}

impl Query {
    /// Appends everything but the parameters, which follow by [`Value::write`]. Of the options, 1 is that every `int8`
    /// comes as text, 2 that rows come as arrays.
    pub fn begin(
        writer: &mut Writer,
        transaction: u32,
        actor: &ActorFrame,
        options: u8,
        sql: &str,
        params: u32,
    ) {
        writer.u32(transaction);
        actor.write(writer);
        writer.u8(options);
        writer.text(sql);
        writer.u32(params);
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let transaction = reader.u32()?;
        let actor = ActorFrame::read(&mut reader)?;
        let options = reader.u8()?;
        let sql = reader.text()?.to_owned();
        let count = reader.count(1)?;
        let params = (0..count).map(|_| Value::read(&mut reader)).collect::<Result<_, _>>()?;
        let (bigint_as_text, rows_as_arrays) = (options & 1 != 0, options & 2 != 0);
        Ok(Self { transaction, actor, bigint_as_text, rows_as_arrays, sql, params })
    }
}

/// The beginning of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// The identity that it runs under.
    pub actor: ActorFrame,
    /// 0 for the server's default, 1 read committed, 2 repeatable read, 3 serializable.
    pub isolation: u8,
    /// Whether writes are refused.
    pub read_only: bool,
}

impl Begin {
    /// The frame of this operation.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.actor.write(&mut writer);
        writer.u8(self.isolation);
        writer.u8(u8::from(self.read_only));
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let actor = ActorFrame::read(&mut reader)?;
        Ok(Self { actor, isolation: reader.u8()?, read_only: reader.u8()? != 0 })
    }
}

/// A request for the next rows of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchRows {
    /// The stream's number.
    pub stream: u32,
    /// How many rows at most.
    pub rows: u32,
}

impl FetchRows {
    /// The frame of this operation.
    pub fn to_frame(self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(8);
        writer.u32(self.stream);
        writer.u32(self.rows);
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self { stream: reader.u32()?, rows: reader.u32()? })
    }
}

/// The answer to [`FetchRows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowsFrame<'a> {
    /// Whether these were the last ones.
    pub is_last: bool,
    /// A JSON result set.
    pub json: &'a [u8],
}

impl<'a> RowsFrame<'a> {
    /// The frame of this answer.
    pub fn to_frame(self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(1 + self.json.len());
        writer.u8(u8::from(self.is_last));
        writer.rest(self.json);
        writer.finish()
    }

    /// Reads the answer.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self { is_last: reader.u8()? != 0, json: reader.rest() })
    }
}
