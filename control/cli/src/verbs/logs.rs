//! `mayfly logs`, and `mayfly logs -f`.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use crate::client::Events;
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, segment};

/// How long a follower that lost its server waits before it asks again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Which records.
pub(super) struct Filter {
    pub(super) limit: u32,
    pub(super) level: Option<String>,
    pub(super) status: Option<String>,
    pub(super) invocation: Option<String>,
}

pub(super) async fn show(remote: &Remote, name: &str, filter: &Filter, follow: bool) -> Result<Exit, Exit> {
    let place = remote.in_app(&format!("/functions/{}/logs", segment(name)))?;
    // A follower listens before it looks back, so that nothing falls in between.
    let stream = format!("{place}/stream?{}", narrowing(filter));
    let events = if follow { Some(remote.events(&stream, None).await?) } else { None };
    let answer = remote.get(&format!("{place}?{}", query(filter))).await?;
    let records: Vec<&Value> = answer["logs"].as_array().into_iter().flatten().collect();
    let Some(events) = events else {
        if remote.json {
            out::json(&answer);
        } else {
            // The server's newest is first; a reader's is last.
            records.iter().rev().for_each(|record| show_record(remote, record));
        }
        return Ok(Exit::Ok);
    };
    records.iter().rev().for_each(|record| show_record(remote, record));
    let shown = records.iter().map(|record| out::cell(record, "id")).collect();
    go_on(remote, &stream, events, shown).await
}

/// Show what comes, until the reader has enough. A server that goes away is waited for.
async fn go_on(
    remote: &Remote,
    stream: &str,
    mut events: Events,
    shown: HashSet<String>,
) -> Result<Exit, Exit> {
    let mut last = None;
    loop {
        while let Some(event) = events.next().await {
            last = Some(event.id);
            let record: Value = serde_json::from_str(&event.data).unwrap_or_default();
            if !shown.contains(&out::cell(&record, "id")) {
                show_record(remote, &record);
            }
        }
        events = loop {
            tokio::time::sleep(AGAIN_AFTER).await;
            match remote.events(stream, last.as_deref()).await {
                Ok(events) => break events,
                Err(Exit::Failure) => {}
                Err(exit) => return Err(exit),
            }
        };
    }
}

fn query(filter: &Filter) -> String {
    let mut query = url::form_urlencoded::Serializer::new(narrowing(filter));
    query.append_pair("limit", &filter.limit.to_string());
    if let Some(id) = &filter.invocation {
        query.append_pair("invocation", id);
    }
    query.finish()
}

/// What a list and a stream can be narrowed by alike.
fn narrowing(filter: &Filter) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("level", &filter.level), ("status", &filter.status)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

fn show_record(remote: &Remote, record: &Value) {
    if remote.json {
        return out::json(record);
    }
    let cell = |member| out::cell(record, member);
    out::data(&format!(
        "{} {} {} {} {} ms v{} {}",
        cell("timestamp"),
        cell("statusCode"),
        cell("method"),
        cell("path"),
        cell("duration"),
        cell("version"),
        cell("id")
    ));
    for line in record["consoleLogs"].as_array().into_iter().flatten() {
        out::data(&format!("  {:>5} {}", out::cell(line, "level"), out::cell(line, "message")));
    }
    for part in [record, &record["background"]] {
        if part["error"].is_string() {
            out::data(&format!("  {} {}", out::cell(part, "errorCode"), out::cell(part, "error")));
        }
        for line in part["stack"].as_str().unwrap_or_default().lines() {
            out::data(&format!("    {line}"));
        }
    }
}
