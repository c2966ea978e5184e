//! The whole product from outside, in one binary.

mod data;
