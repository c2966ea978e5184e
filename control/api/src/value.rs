//! Values with bounds: a request's type says what it accepts, for decoding and for the OpenAPI document alike.

mod list;
mod number;
mod object;
mod present;
mod raw;
mod text;
mod timestamp;
mod word;

pub use list::List;
pub use number::{Count, Number};
pub use object::Object;
pub(crate) use present::present;
pub use raw::RawObject;
pub use text::{Bytes, Pattern, Rule, Text};
pub use timestamp::{Millis, Timestamp};
pub(crate) use word::words;
