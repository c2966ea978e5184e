//! What the runtime and the code inside the sandbox agree on: operations, frames and error codes.

pub mod value;
