//! The memory section and its export, as every image and the engine's code declare them.

use mayfly_abi::MEMORY_EXPORT;
use wasm_encoder::{ExportKind, ExportSection, MemoryType};

/// A memory of `pages` pages, free to grow as far as the limiter lets it.
pub(crate) fn memory_type(pages: u64) -> MemoryType {
    MemoryType { minimum: pages, maximum: None, memory64: false, shared: false, page_size_log2: None }
}

/// An export section with the memory in it.
pub(crate) fn memory_export() -> ExportSection {
    let mut exports = ExportSection::new();
    exports.export(MEMORY_EXPORT, ExportKind::Memory, 0);
    exports
}
