//! What a stranger, or a function, may try against the edge.

mod egress;
mod http;
mod tokens;
mod wycheproof;
