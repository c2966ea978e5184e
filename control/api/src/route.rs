//! A row of the route table: what is known of one route.

use http::{Method, StatusCode};
use schemars::{Schema, SchemaGenerator};

use crate::access::Requirement;
use crate::error::Code;

/// What is known of a route.
#[derive(Debug)]
pub struct Route {
    /// The resource that it belongs to.
    pub resource: &'static str,
    /// The name of the operation, in documents and clients.
    pub name: &'static str,
    /// In one sentence.
    pub summary: &'static str,
    /// Its method; `None`: any.
    pub method: Option<Method>,
    /// Its path, with the names of its parts in braces.
    pub path: &'static str,
    /// Who may.
    pub requirement: Requirement,
    /// The largest body.
    pub body_limit: BodyLimit,
    /// The status of an answer.
    pub status: StatusCode,
    /// The answer's media type.
    pub media_type: &'static str,
    /// Codes of errors beside those that every route of its kind has.
    pub errors: &'static [Code],
    /// The MCP tool and its action, where the route is one.
    pub tool: Option<(&'static str, &'static str)>,
    /// The schema of its query string.
    pub query: fn(&mut SchemaGenerator) -> Schema,
    /// The schema of its body, and whether that is required.
    pub body: fn(&mut SchemaGenerator) -> Option<(Schema, bool)>,
    /// The schema of its answer.
    pub answer: fn(&mut SchemaGenerator) -> Schema,
}

/// The largest body that a route reads as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLimit {
    /// 64 KiB.
    Small,
    /// What the server is set to (`--max-body`).
    Large,
    /// Passed to a function while it arrives (`--max-upload`).
    Streamed,
}

impl BodyLimit {
    /// Bytes of a small body.
    pub const SMALL_BYTES: usize = 64 << 10;
}
