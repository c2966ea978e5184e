//! The whole product from outside, in one binary.

mod data;
mod hostile;
mod journeys;
mod routes;
