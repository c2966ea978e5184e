//! Node's modules that a function may import.

/// The section of the guest's module that holds their script.
pub const SECTION: &str = "mayfly-library";

/// By the names under which they are imported.
pub const MODULES: &[&str] = &[
    "node:assert",
    "node:assert/strict",
    "node:async_hooks",
    "node:buffer",
    "node:crypto",
    "node:events",
    "node:path",
    "node:path/posix",
    "node:path/win32",
    "node:querystring",
    "node:string_decoder",
    "node:url",
    "node:util",
    "node:util/types",
];
