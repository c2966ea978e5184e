//! What was measured, as JSON, as a table, as charts and as a document.

mod charts;
mod document;
mod json;
mod table;
mod tables;

pub use charts::charts;
pub use document::document;
pub use json::{
    AbsentWay, Cell, ColdStart, Deploys, Kept, LimitCost, Mix, MixPart, Neighbour, OneShot, OpenCell, Report,
    Runaway, SCHEMA, Settings, WayUsed, WorkDone,
};
pub use table::table;
