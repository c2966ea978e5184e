//! The schema engine against a real PostgreSQL: the resulting schemas are compared, never texts.

mod command_line;
mod concurrency;
mod corpus;
mod essence;
mod generated;
mod hostile;
mod losses;
mod place;
mod roundtrip;
mod safety;
mod survival;
mod vector;
