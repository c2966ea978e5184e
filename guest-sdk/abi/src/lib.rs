//! What the runtime and the code inside the sandbox agree on: operations, frames and error codes.
//!
//! Both sides are built from this crate and every image belongs to one build of the guest, so nothing here needs to
//! be readable by an older or newer peer: change it, rebuild the guest, and every image is made again on first use.
//! The guest is hostile, so whatever the host reads is read by [`frame::Reader`], which cannot panic.

pub mod body;
pub mod compute;
pub mod fault;
pub mod frame;
pub mod head;
pub mod node;
pub mod op;
pub mod operation;
pub mod placement;
pub mod response;
pub mod value;

/// What an export answers, instead of an address and a length, when it has nothing to say.
pub const EMPTY_ANSWER: u64 = 0;
/// The module under which the host's functions are imported.
pub const IMPORT_MODULE: &str = "mayfly";
/// The module and the name under which the engine imports its memory.
pub const MEMORY_IMPORT: (&str, &str) = ("image", "memory");
/// The name under which an image exports its memory.
pub const MEMORY_EXPORT: &str = "memory";
/// The name under which the engine exports its stack pointer.
pub const STACK_POINTER_EXPORT: &str = "__stack_pointer";
/// The name under which the engine exports its table.
pub const TABLE_EXPORT: &str = "__indirect_function_table";
