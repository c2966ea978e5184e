//! `Script`: code that runs once, compiled to bytecode and not evaluated.

/// Compiled code that runs once, or again. Cheap to keep: it is bytecode, no image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    pub(crate) bytecode: Vec<u8>,
    /// Whether it imports one of Node's modules.
    pub(crate) imports_node: bool,
    /// JSON that leads from the code that runs back to the source.
    pub source_map: String,
}

impl Script {
    /// What keeping it takes, in bytes.
    pub fn size(&self) -> usize {
        self.bytecode.len() + self.source_map.len()
    }
}
