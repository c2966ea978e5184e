//! Records of invocations, read back.

mod tail;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::invoke::Invoker;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_store::{InvocationPage, InvocationQuery, Sink, Store, StoreError};

pub use self::tail::{Tail, TailEvent, TailFilter};

/// Records a page, unless asked otherwise.
const LIMIT_DEFAULT: u32 = 100;
/// Records a page at most.
const LIMIT_MAX: u32 = 1_000;

/// Use cases of records.
#[derive(Debug, Clone)]
pub struct Logs {
    store: Store,
    invoker: Invoker,
    sink: Sink,
    closing: CancellationToken,
    room: Arc<Semaphore>,
}

impl Logs {
    /// `invoker` knows what is not recorded yet, `sink` what was just written; live tails end with `closing`.
    pub fn new(store: Store, invoker: Invoker, sink: Sink, closing: CancellationToken) -> Self {
        Self { store, invoker, sink, closing, room: Arc::new(Semaphore::new(tail::TAILS_MAX)) }
    }

    /// A function's records from now on, or from behind the record of that number.
    pub async fn tail(
        &self,
        app: &str,
        name: &str,
        after: Option<u64>,
        filter: TailFilter,
    ) -> ApiResult<Tail> {
        self.check_exists(app, name).await?;
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| {
            let message = format!("{} live tails are open on this node already", tail::TAILS_MAX);
            ApiError::new(Code::Overloaded, message)
        })?;
        let after = match after {
            Some(after) => after,
            None => self.store.invocations().newest().await?,
        };
        Ok(Tail::new(tail::Parts {
            store: self.store.clone(),
            app: app.to_owned(),
            name: name.to_owned(),
            after,
            filter,
            written: self.sink.written(),
            closing: self.closing.clone(),
            _room: room,
        }))
    }

    async fn check_exists(&self, app: &str, name: &str) -> ApiResult<()> {
        match self.store.functions().get(app, name).await? {
            Some(_) => Ok(()),
            None => Err(ApiError::not_found("the function")),
        }
    }

    /// One page of a function's records, newest first. What this node answered before is in it.
    pub async fn read(&self, app: &str, name: &str, query: &InvocationQuery) -> ApiResult<InvocationPage> {
        self.check_exists(app, name).await?;
        self.invoker.settle(app).await?;
        match self.store.invocations().query(app, Some(name), query).await {
            Ok(page) => Ok(page),
            Err(StoreError::Conflict(_)) => {
                Err(ApiError::invalid("cursor", "is not one that this route gave out"))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Read the query string's pairs.
pub fn read_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> ApiResult<InvocationQuery> {
    let mut query = InvocationQuery { limit: LIMIT_DEFAULT, ..InvocationQuery::default() };
    for (name, value) in pairs {
        match name {
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                let message = format!("must be a whole number from 1 to {LIMIT_MAX}");
                query.limit = limit.ok_or_else(|| ApiError::invalid("limit", message))?;
            }
            "cursor" => query.cursor = Some(value.to_owned()),
            "since" => query.since = Some(time("since", value)?),
            "until" => query.until = Some(time("until", value)?),
            "level" => query.level = level(value)?,
            "status" => status(value, &mut query)?,
            "invocation" => query.invocation_id = Some(value.to_owned()),
            _ => return Err(ApiError::invalid(name, "is not a known parameter")),
        }
    }
    Ok(query)
}

/// Read the query string's pairs for a live tail: it has no pages and no end.
pub fn read_tail_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> ApiResult<TailFilter> {
    let mut known = Vec::new();
    for (name, value) in pairs {
        if !["level", "status"].contains(&name) {
            return Err(ApiError::invalid(name, "is not a known parameter"));
        }
        known.push((name, value));
    }
    let InvocationQuery { level, status, failed, .. } = read_query(known.into_iter())?;
    Ok(TailFilter { level, status, failed })
}

fn time(name: &str, value: &str) -> ApiResult<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|_| ApiError::invalid(name, "must be a time such as 2026-01-31T12:00:00Z"))
}

fn level(value: &str) -> ApiResult<Option<String>> {
    match value {
        "all" => Ok(None),
        "debug" | "log" | "info" | "warn" | "error" => Ok(Some(value.to_owned())),
        _ => Err(ApiError::invalid("level", "must be one of debug, log, info, warn, error, all")),
    }
}

fn status(value: &str, query: &mut InvocationQuery) -> ApiResult<()> {
    match value {
        "error" => query.failed = Some(true),
        "ok" => query.failed = Some(false),
        _ => {
            let status = value.parse().ok().filter(|status| (100..600).contains(status));
            let message = "must be a status such as 500, or one of ok, error";
            query.status = Some(status.ok_or_else(|| ApiError::invalid("status", message))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_read_and_checked() {
        let query = read_query(
            [("limit", "5"), ("since", "2026-01-31T12:00:00+01:00"), ("level", "warn"), ("status", "error")]
                .into_iter(),
        )
        .unwrap();
        assert_eq!((query.limit, query.failed), (5, Some(true)));
        assert_eq!(query.since.unwrap().to_rfc3339(), "2026-01-31T11:00:00+00:00");
        assert_eq!(read_query([].into_iter()).unwrap().limit, LIMIT_DEFAULT);
        for (name, bad) in [
            ("limit", "0"),
            ("limit", "1001"),
            ("limit", "x"),
            ("since", "yesterday"),
            ("until", "2026-01-31"),
            ("level", "fatal"),
            ("status", "6000"),
            ("page", "2"),
        ] {
            let error = read_query([(name, bad)].into_iter()).unwrap_err();
            assert!(error.message().starts_with(name), "{name}={bad}: {}", error.message());
        }
    }
}
