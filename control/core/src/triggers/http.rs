//! Http triggers: requests to a function's URL. Its source is the edge's call route, its ledger the invocation records;
//! how calls are matched against it stands in [`functions`](crate::functions).

mod config;

pub(crate) use config::Http;
