//! What invocations are lent: the runtime's provider traits over real things.

pub mod fetch;
