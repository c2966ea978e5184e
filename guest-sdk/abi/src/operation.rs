//! What each submitted operation sends, and what comes back.

use crate::frame::{Malformed, Reader, Writer};
use crate::value::Value;

/// A timer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sleep {
    /// For how long, in milliseconds.
    pub ms: u32,
    /// Whether an invocation that waits for nothing else may end.
    pub background: bool,
}

impl Sleep {
    /// The frame of this operation.
    pub fn to_frame(self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(5);
        writer.u32(self.ms);
        writer.u8(u8::from(self.background));
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self { ms: reader.u32()?, background: reader.u8()? != 0 })
    }
}

/// One SQL statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The transaction's number, or 0 for none.
    pub transaction: u32,
    /// Whether every `int8` comes as text.
    pub bigint_as_text: bool,
    /// The SQL text.
    pub sql: String,
    /// Its parameters.
    pub params: Vec<Value>,
}

impl Query {
    /// Appends everything but the parameters, which follow by [`Value::write`].
    pub fn begin(writer: &mut Writer, transaction: u32, bigint_as_text: bool, sql: &str, params: u32) {
        writer.u32(transaction);
        writer.u8(u8::from(bigint_as_text));
        writer.text(sql);
        writer.u32(params);
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let transaction = reader.u32()?;
        let bigint_as_text = reader.u8()? != 0;
        let sql = reader.text()?.to_owned();
        let count = reader.count(1)?;
        let params = (0..count).map(|_| Value::read(&mut reader)).collect::<Result<_, _>>()?;
        Ok(Self { transaction, bigint_as_text, sql, params })
    }
}

/// The beginning of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    /// 0 for the server's default, 1 read committed, 2 repeatable read, 3 serializable.
    pub isolation: u8,
    /// Whether writes are refused.
    pub read_only: bool,
}

impl Begin {
    /// The frame of this operation.
    pub fn to_frame(self) -> Vec<u8> {
        vec![self.isolation, u8::from(self.read_only)]
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self { isolation: reader.u8()?, read_only: reader.u8()? != 0 })
    }
}

/// A claim of an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The key.
    pub key: String,
    /// The namespace.
    pub scope: String,
    /// After how many seconds it may be taken again; 0 for never.
    pub ttl_seconds: u32,
}

impl Claim {
    /// The frame of this operation.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(16 + self.key.len() + self.scope.len());
        writer.text(&self.key);
        writer.text(&self.scope);
        writer.u32(self.ttl_seconds);
        writer.finish()
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            key: reader.text()?.to_owned(),
            scope: reader.text()?.to_owned(),
            ttl_seconds: reader.u32()?,
        })
    }
}

/// An outbound request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The method.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// 0 follow, 1 error, 2 manual.
    pub redirect: u8,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body, or none.
    pub body: Option<Vec<u8>>,
}

impl Fetch {
    /// Appends everything but the body, which follows with [`Writer::rest`].
    pub fn begin<'a>(
        writer: &mut Writer,
        method: &str,
        url: &str,
        redirect: u8,
        headers: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
        has_body: bool,
    ) {
        writer.text(method);
        writer.text(url);
        writer.u8(redirect);
        writer.u8(u8::from(has_body));
        writer.pairs(headers);
    }

    /// Reads the operation.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let method = reader.text()?.to_owned();
        let url = reader.text()?.to_owned();
        let redirect = reader.u8()?;
        let has_body = reader.u8()? != 0;
        let headers = reader.pairs()?;
        let body = reader.rest();
        Ok(Self { method, url, redirect, headers, body: has_body.then(|| body.to_vec()) })
    }
}

/// The answer to an outbound request.
#[derive(Debug)]
pub struct Fetched<'a> {
    /// The status.
    pub status: u16,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// The URL that answered.
    pub url: &'a str,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Fetched<'a> {
    /// Appends the answer to a frame.
    pub fn write(&self, writer: &mut Writer) {
        writer.u16(self.status);
        writer.u8(u8::from(self.redirected));
        writer.text(self.url);
        writer.pairs(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        writer.rest(self.body);
    }

    /// Reads an answer.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            status: reader.u16()?,
            redirected: reader.u8()? != 0,
            url: reader.text()?,
            headers: reader.pairs()?,
            body: reader.rest(),
        })
    }
}

/// The first byte of an operation's answer: it went well, and what follows is the operation's own.
pub const ANSWER_OK: u8 = 0;
/// The first byte of an operation's answer: it failed, and what follows is an [`OperationError`].
pub const ANSWER_ERROR: u8 = 1;

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationError {
    /// `error.code`
    pub code: String,
    /// `error.message`
    pub message: String,
    /// Further properties.
    pub fields: Vec<(String, String)>,
}

impl OperationError {
    /// Appends the error to a frame.
    pub fn write<'a>(
        writer: &mut Writer,
        code: &str,
        message: &str,
        fields: impl ExactSizeIterator<Item = (&'a str, &'a str)>,
    ) {
        writer.text(code);
        writer.text(message);
        writer.pairs(fields);
    }

    /// Reads an error.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        Ok(Self {
            code: reader.text()?.to_owned(),
            message: reader.text()?.to_owned(),
            fields: reader.pairs()?,
        })
    }
}
