//! Shared code of the fuzz targets.

mod sketch;

pub use sketch::sketch;
