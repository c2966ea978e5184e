//! Attacks on the edge and on egress, by callers and by functions.

mod egress;
mod http;
mod tokens;
mod wycheproof;
