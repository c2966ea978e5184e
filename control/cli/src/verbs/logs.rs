//! `mayfly logs`, and `mayfly logs -f`.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::try_join_all;
use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::EmptyBody;
use mayfly_api::logs::{GetLogs, InvocationInfo, LevelFilter, TailLogs};
use mayfly_api::routes::{FunctionsList, LogsGet, RouteId};
use mayfly_common::clock;

use crate::client::Events;
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, optional};

/// How long a follower that lost its server waits before it asks again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The longest time that `--since` looks back, in seconds: longer than any record is kept.
const AGO_SECONDS_MAX: u64 = 36_500 * 24 * 60 * 60;

/// Which records: what a list and a stream can be narrowed by.
pub(super) struct Filter {
    limit: usize,
    list: GetLogs,
    stream: TailLogs,
}

impl Filter {
    pub(super) fn new(limit: u32, level: Option<&str>, status: Option<&str>) -> Result<Self, Exit> {
        let level = level.map(|text| {
            LevelFilter::parse(text).ok_or_else(|| {
                out::complain(&format!("--level {text}: must be one of debug, log, info, warn, error, all"));
                Exit::Validation
            })
        });
        let level = level.transpose()?;
        Ok(Self {
            limit: limit as usize,
            list: GetLogs {
                limit: Some(limit.into()),
                level,
                status: status.map(Into::into),
                ..GetLogs::default()
            },
            stream: TailLogs { level, status: status.map(Into::into) },
        })
    }

    /// Only this invocation.
    pub(super) fn of_invocation(mut self, invocation: Option<&str>) -> Self {
        self.list.invocation = invocation.map(Into::into);
        self
    }

    /// From this long ago on, or from this time on, which the server reads.
    pub(super) fn since(mut self, since: Option<&str>) -> Result<Self, Exit> {
        let Some(text) = since else { return Ok(self) };
        self.list.since = Some(match ago(text) {
            Some(ago) => clock::rfc3339(clock::now() - ago).as_str().into(),
            None if text.contains('-') => text.into(),
            None => {
                out::complain(&format!(
                    "--since {text}: must be such as 90s, 15m, 2h or 7d, or a time (RFC 3339)"
                ));
                return Err(Exit::Validation);
            }
        });
        Ok(self)
    }
}

/// `90s`, `15m`, `2h`, `7d`.
fn ago(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let number: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    let seconds = number.checked_mul(unit)?;
    (seconds <= AGO_SECONDS_MAX).then(|| Duration::from_secs(seconds))
}

/// The records of a function, or of all.
pub(super) async fn show(
    remote: &Remote,
    name: Option<&str>,
    filter: &Filter,
    follow: bool,
) -> Result<Exit, Exit> {
    let names = match name {
        Some(name) => vec![name.to_owned()],
        None => {
            let list = remote.call::<FunctionsList>(&[], &Nothing {}, &EmptyBody).await?.answer;
            list.functions.into_iter().map(|function| function.name).collect()
        }
    };
    // A follower listens before it looks back, so that nothing falls in between.
    let mut listening = Vec::new();
    for name in names.iter().filter(|_| follow) {
        listening.push((name.clone(), listen(remote, name, filter, None).await?));
    }
    let mut records = Vec::new();
    for function in &names {
        let answered = remote.call::<LogsGet>(&[function], &filter.list, &EmptyBody).await?;
        if name.is_some() && !follow {
            answered.print(remote, |page| page.logs.iter().rev().for_each(show_record));
            return Ok(Exit::Ok);
        }
        records.extend(answered.answer.logs);
    }
    // The server's newest is first; a reader's is last.
    records.sort_by_key(|record| std::cmp::Reverse(record.timestamp.0));
    records.truncate(filter.limit);
    if remote.json && !follow {
        out::json(&serde_json::json!({ "logs": records }));
        return Ok(Exit::Ok);
    }
    records.iter().rev().for_each(|record| print_record(remote, record));
    let shown: HashSet<String> = records.into_iter().map(|record| record.id).collect();
    let followed = listening.into_iter().map(|(name, events)| {
        let shown = &shown;
        async move { go_on(remote, &name, filter, events, shown).await }
    });
    try_join_all(followed).await.map(|_| Exit::Ok)
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
    shown: &HashSet<String>,
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
    let status = colored_status(record.status_code);
    let InvocationInfo { timestamp, method, path, duration, version, id, .. } = record;
    out::data(&format!("{timestamp} {status} {method} {path} {duration} ms v{version} {id}"));
    for line in &record.console_logs {
        out::data(&format!("  {} {}", colored_level(&line.level), line.message));
    }
    show_failure(&record.error_code, &record.error, &record.stack);
    if let Some(background) = &record.background {
        show_failure(&background.error_code, &background.error, &background.stack);
    }
}

/// Red for what failed, yellow for what was refused.
fn colored_status(status: Option<u16>) -> String {
    let text = optional(status);
    match status {
        None | Some(500..) => out::colored(out::RED, &text),
        Some(400..) => out::colored(out::YELLOW, &text),
        Some(_) => out::colored(out::GREEN, &text),
    }
}

fn colored_level(level: &str) -> String {
    let text = format!("{level:>5}");
    match level {
        "error" => out::colored(out::RED, &text),
        "warn" => out::colored(out::YELLOW, &text),
        _ => out::colored(out::DIM, &text),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_ago_are_read_up_to_their_bound() {
        for (text, seconds) in
            [("90s", Some(90)), ("15m", Some(900)), ("2h", Some(7_200)), ("36500d", Some(AGO_SECONDS_MAX))]
        {
            assert_eq!(ago(text).map(|ago| ago.as_secs()), seconds, "{text}");
        }
        for bad in ["36501d", "99999999999999999999h", "h", "-1h", "1.5h", "", "2w", "é"] {
            assert_eq!(ago(bad), None, "{bad}");
        }
        let filter = || Filter::new(1, None, None).unwrap();
        assert!(filter().since(Some("soon")).is_err());
        let since = filter().since(Some("2026-11-30T12:00:00Z")).unwrap().list.since.unwrap();
        assert_eq!(&*since, "2026-11-30T12:00:00Z");
    }
}
