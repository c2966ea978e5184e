//! `ctx.kv`: what is done with a key.

/// One operation of `ctx.kv`. The key is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyValueCall {
    /// A key's value; nothing where it has none.
    Get(String),
    /// Gives a key a value, JSON, for a number of seconds, or for good.
    Set(String, String, Option<u32>),
    /// Forgets a key; whether it had a value.
    Delete(String),
    /// Adds a whole number, in decimal, to a key's; one that is made by it is forgotten after that number of seconds.
    Increment(String, String, Option<u32>),
    /// At most this number of keys that begin with the first text and come behind the second.
    List(String, String, u32),
}
