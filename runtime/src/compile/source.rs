//! What the phases hand on: a source, its JavaScript, and the source map between them.

use super::source_map::SourceMap;
use crate::error::SourcePlace;

/// The largest source, in bytes.
pub const SOURCE_BYTES_MAX: usize = 10 << 20;

/// One function's code, in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name that stacks show: `notes.ts`. One that ends in `.js`, `.mjs` or `.cjs` is JavaScript, anything else
    /// TypeScript.
    pub file_name: String,
    /// The text.
    pub code: String,
    /// Where a bundler made the text of other files: its source map, version 3, JSON. One that cannot be read is refused.
    pub source_map: Option<String>,
}

/// Code that runs once. Code that imports and exports nothing is the body of an async function of `req`, `ctx` and `input`,
/// which is `ctx.trigger.input`; what it returns is the response: a `Response` as it is, anything else as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptSource(pub Source);

/// A source's JavaScript, and the source map that leads back from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JavaScript {
    pub(crate) code: String,
    pub(crate) source_map: String,
    /// Whether it imports one of Node's modules.
    pub(crate) imports_node: bool,
}

/// Maps positions in the code that runs to positions in the source.
pub(super) struct SourcePositions<'a> {
    map: Option<SourceMap>,
    source: &'a str,
}

impl<'a> SourcePositions<'a> {
    pub(super) fn new(source_map: &str, source: &'a str) -> Self {
        Self { map: SourceMap::parse(source_map), source }
    }

    pub(super) fn map_stack(&self, stack: &str) -> String {
        self.map.as_ref().map_or_else(|| stack.to_owned(), |map| map.map_stack(stack))
    }

    /// The position that the stack's first line names.
    pub(super) fn first_of(&self, stack: &str) -> Option<SourcePlace> {
        self.map.as_ref()?.first_place(stack, self.source)
    }
}
