//! Records of invocations, read back.

mod tail;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::logs::{
    BackgroundInfo, CallerInfo, ConsoleEntry, GetLogs, InvocationInfo, LevelFilter, LogPage, PromiseInfo,
    TailLogs,
};
use mayfly_api::routes::LogsGet;
use mayfly_api::value::Millis;
use mayfly_ledger::{PlaceBounds, Places, TooManyWait};
use mayfly_store::{
    BackgroundRecord, InvocationPage, InvocationQuery, InvocationRecord, LogLine, PromiseRecord, Sink, Store,
    StoreError,
};

use crate::invoke::Invoker;

pub use self::tail::{Tail, TailEvent, TailFilter};

/// Records a page, unless asked otherwise.
const LIMIT_DEFAULT: u32 = 100;

/// Pages that are read at once: an app that reads already leaves the last to others.
const PAGES: PlaceBounds = PlaceBounds { total: 6, per_app: 3, reserve: 2, waiting_per_app: 64 };

/// Use cases of records.
#[derive(Debug, Clone)]
pub struct Logs {
    store: Store,
    invoker: Invoker,
    sink: Sink,
    closing: CancellationToken,
    tails: Places,
    pages: Places,
}

impl Logs {
    /// `invoker` knows what is not recorded yet, `sink` what was just written; live tails end with `closing`.
    pub fn new(store: Store, invoker: Invoker, sink: Sink, closing: CancellationToken) -> Self {
        Self { store, invoker, sink, closing, tails: Places::new(tail::TAILS), pages: Places::new(PAGES) }
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
        let place = self.tails.try_take(app).ok_or_else(|| {
            ApiError::new(Code::Overloaded, "as many live tails are open on this node already as may be")
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
            _place: place,
        }))
    }

    async fn check_exists(&self, app: &str, name: &str) -> ApiResult<()> {
        match self.store.functions().get(app, name).await? {
            Some(_) => Ok(()),
            None => Err(ApiError::not_found("the function")),
        }
    }

    /// One page of a function's records, newest first. What this node answered before is in it.
    async fn read(&self, app: &str, name: &str, query: &InvocationQuery) -> ApiResult<InvocationPage> {
        self.invoker.recorded(app).await?;
        let _place = self.pages.take(app).await.map_err(|TooManyWait| {
            ApiError::new(Code::Overloaded, "too many pages of this app's records are being read")
        })?;
        match self.store.invocations().query(app, Some(name), query).await {
            Ok(page) => Ok(page),
            Err(StoreError::Conflict(_)) => {
                Err(ApiError::invalid("cursor", "is not one that this route gave out"))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Handler<LogsGet> for Logs {
    async fn handle(&self, call: ApiCall<LogsGet>) -> ApiResult<LogPage> {
        let (app, name) = (&call.context.app, call.context.name());
        self.check_exists(app, name).await?;
        self.page(app, name, &call.query).await
    }
}

impl Logs {
    /// One page of the records of this name.
    pub(crate) async fn page(&self, app: &str, name: &str, wanted: &GetLogs) -> ApiResult<LogPage> {
        let page = self.read(app, name, &read_query(wanted)?).await?;
        Ok(LogPage {
            logs: page.records.into_iter().map(info).collect(),
            has_more: page.next_cursor.is_some(),
            next_cursor: page.next_cursor,
        })
    }
}

/// A record as the API shows it.
pub fn info(record: InvocationRecord) -> InvocationInfo {
    InvocationInfo {
        id: record.id,
        request_id: record.request_id.to_string(),
        timestamp: record.started_at.into(),
        trigger: record.trigger.into_owned(),
        version: record.version,
        method: record.method,
        path: record.path,
        caller: CallerInfo {
            kind: record.caller_type.into_owned(),
            key_id: record.caller_key_id,
            user_id: record.user_id,
        },
        db_role: record.db_role.into_owned(),
        status_code: record.status,
        duration: Millis::of_micros(record.duration_us),
        fuel: record.fuel,
        memory_used: record.memory_peak_bytes,
        database_time: Millis::of_micros(record.database_us),
        host_operations: record.host_operations,
        egress_bytes: record.egress_bytes,
        parent_id: record.parent_id,
        invoked_fuel: record.invoked_fuel,
        compiled_digest: record.compiled_digest.as_deref().map(str::to_owned),
        error_code: record.error_code,
        error: record.error_message,
        stack: record.error_stack,
        background: record.background.map(background_info),
        console_logs: record.logs.iter().map(entry).collect(),
    }
}

/// A background phase as the API shows it.
pub fn background_info(record: BackgroundRecord) -> BackgroundInfo {
    BackgroundInfo {
        duration: Millis::of_micros(record.duration_us),
        fuel: record.fuel,
        error_code: record.error_code,
        error: record.error_message,
        stack: record.error_stack,
        promises: record.promises.into_iter().map(promise).collect(),
        promises_dropped: record.promises_dropped,
    }
}

fn promise(record: PromiseRecord) -> PromiseInfo {
    PromiseInfo {
        state: record.state.into_owned(),
        duration: Millis::of_micros(record.duration_us),
        fuel: record.fuel,
        logs_from: record.logs_from,
        logs_until: record.logs_until,
        error_code: record.error_code,
        error: record.error_message,
    }
}

/// A console entry as the API shows it.
pub fn entry(line: &LogLine) -> ConsoleEntry {
    ConsoleEntry {
        seq: line.seq,
        level: line.level.clone(),
        message: line.message.clone(),
        timestamp: DateTime::from_timestamp_millis(line.at_ms).map(Into::into),
    }
}

/// The page that was asked for.
fn read_query(query: &GetLogs) -> ApiResult<InvocationQuery> {
    let status = status_filter(query.status.as_deref())?;
    Ok(InvocationQuery {
        limit: query.limit.map_or(LIMIT_DEFAULT, |limit| limit.get()),
        cursor: query.cursor.as_deref().map(str::to_owned),
        since: query.since.as_deref().map(|value| time("since", value)).transpose()?,
        until: query.until.as_deref().map(|value| time("until", value)).transpose()?,
        level: level_filter(query.level),
        status: status.exactly,
        failed: status.failed,
        invocation_id: query.invocation.as_deref().map(str::to_owned),
    })
}

/// The filter of a live tail: it has no pages and no end.
///
/// # Errors
/// When the status is none.
pub fn tail_filter(query: &TailLogs) -> ApiResult<TailFilter> {
    let status = status_filter(query.status.as_deref())?;
    Ok(TailFilter { level: level_filter(query.level), status: status.exactly, failed: status.failed })
}

fn level_filter(level: Option<LevelFilter>) -> Option<String> {
    level.filter(|level| *level != LevelFilter::All).map(|level| level.as_str().to_owned())
}

fn time(name: &str, value: &str) -> ApiResult<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|_| ApiError::invalid(name, "must be a time such as 2026-01-31T12:00:00Z"))
}

#[derive(Default)]
struct StatusFilter {
    exactly: Option<u16>,
    failed: Option<bool>,
}

fn status_filter(value: Option<&str>) -> ApiResult<StatusFilter> {
    match value {
        None => Ok(StatusFilter::default()),
        Some("error") => Ok(StatusFilter { failed: Some(true), ..StatusFilter::default() }),
        Some("ok") => Ok(StatusFilter { failed: Some(false), ..StatusFilter::default() }),
        Some(value) => match value.parse().ok().filter(|status| (100..600).contains(status)) {
            Some(status) => Ok(StatusFilter { exactly: Some(status), ..StatusFilter::default() }),
            None => Err(ApiError::invalid("status", "must be a status such as 500, or one of ok, error")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_read_and_checked() {
        let read =
            |text: &str| mayfly_api::decode::query::<GetLogs>(text).and_then(|query| read_query(&query));
        let query = read("limit=5&since=2026-01-31T12:00:00%2B01:00&level=warn&status=error").unwrap();
        assert_eq!((query.limit, query.failed), (5, Some(true)));
        assert_eq!(query.since.unwrap().to_rfc3339(), "2026-01-31T11:00:00+00:00");
        assert_eq!(read("").unwrap().limit, LIMIT_DEFAULT);
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
            let error = read(&format!("{name}={bad}")).unwrap_err();
            assert!(error.message().starts_with(name), "{name}={bad}: {}", error.message());
        }
    }
}
