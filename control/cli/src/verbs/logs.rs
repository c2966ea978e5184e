//! `mayfly logs`, and `mayfly logs -f`.

use std::collections::HashSet;
use std::time::Duration;

use mayfly_api::endpoint::EmptyBody;
use mayfly_api::logs::{GetLogs, InvocationInfo, LevelFilter, TailLogs};
use mayfly_api::routes::{LogsGet, RouteId};

use crate::client::Events;
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, optional};

/// How long a follower that lost its server waits before it asks again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Which records: what a list and a stream can be narrowed by.
pub(super) struct Filter {
    list: GetLogs,
    stream: TailLogs,
}

impl Filter {
    pub(super) fn new(
        limit: u32,
        level: Option<&str>,
        status: Option<&str>,
        invocation: Option<&str>,
    ) -> Result<Self, Exit> {
        let level = level.map(|text| {
            LevelFilter::parse(text).ok_or_else(|| {
                out::complain(&format!("--level {text}: must be one of debug, log, info, warn, error, all"));
                Exit::Validation
            })
        });
        let level = level.transpose()?;
        Ok(Self {
            list: GetLogs {
                limit: Some(limit.into()),
                level,
                status: status.map(Into::into),
                invocation: invocation.map(Into::into),
                ..GetLogs::default()
            },
            stream: TailLogs { level, status: status.map(Into::into) },
        })
    }
}

pub(super) async fn show(remote: &Remote, name: &str, filter: &Filter, follow: bool) -> Result<Exit, Exit> {
    // A follower listens before it looks back, so that nothing falls in between.
    let events = if follow { Some(listen(remote, name, filter, None).await?) } else { None };
    let answered = remote.call::<LogsGet>(&[name], &filter.list, &EmptyBody).await?;
    let records = &answered.answer.logs;
    // The server's newest is first; a reader's is last.
    match events {
        None => answered.print(remote, |page| page.logs.iter().rev().for_each(show_record)),
        Some(events) => {
            records.iter().rev().for_each(|record| print_record(remote, record));
            let shown = records.iter().map(|record| record.id.clone()).collect();
            return go_on(remote, name, filter, events, shown).await;
        }
    }
    Ok(Exit::Ok)
}

async fn listen(remote: &Remote, name: &str, filter: &Filter, last: Option<&str>) -> Result<Events, Exit> {
    remote.events(RouteId::LogsStream, &[name], &filter.stream, last).await
}

/// Print new records until interrupted. Reconnects when the server restarts.
async fn go_on(
    remote: &Remote,
    name: &str,
    filter: &Filter,
    mut events: Events,
    shown: HashSet<String>,
) -> Result<Exit, Exit> {
    let mut last = None;
    loop {
        while let Some(event) = events.next().await {
            last = Some(event.id);
            match serde_json::from_str::<InvocationInfo>(&event.data) {
                Ok(record) if shown.contains(&record.id) => {}
                Ok(record) => print_record(remote, &record),
                Err(error) => out::warn(&format!("a record cannot be read: {error}")),
            }
        }
        events = loop {
            tokio::time::sleep(AGAIN_AFTER).await;
            match listen(remote, name, filter, last.as_deref()).await {
                Ok(events) => break events,
                Err(Exit::Failure) => {}
                Err(exit) => return Err(exit),
            }
        };
    }
}

fn print_record(remote: &Remote, record: &InvocationInfo) {
    if remote.json { out::json(record) } else { show_record(record) }
}

fn show_record(record: &InvocationInfo) {
    let status = optional(record.status_code);
    let InvocationInfo { timestamp, method, path, duration, version, id, .. } = record;
    out::data(&format!("{timestamp} {status} {method} {path} {duration} ms v{version} {id}"));
    for line in &record.console_logs {
        out::data(&format!("  {:>5} {}", line.level, line.message));
    }
    show_failure(&record.error_code, &record.error, &record.stack);
    if let Some(background) = &record.background {
        show_failure(&background.error_code, &background.error, &background.stack);
    }
}

fn show_failure(code: &Option<String>, error: &Option<String>, stack: &Option<String>) {
    if let Some(error) = error {
        out::data(&format!("  {} {error}", optional(code.as_deref())));
    }
    for line in stack.as_deref().unwrap_or_default().lines() {
        out::data(&format!("    {line}"));
    }
}
