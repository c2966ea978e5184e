//! `mayfly logs`, and `mayfly logs -f`.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use crate::cli::exit::Exit;
use crate::cli::out;
use crate::cli::remote::{Remote, segment};

/// How often a follower asks.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// Which records.
pub(super) struct Filter {
    pub(super) limit: u32,
    pub(super) level: Option<String>,
    pub(super) status: Option<String>,
    pub(super) invocation: Option<String>,
}

pub(super) async fn show(remote: &Remote, name: &str, filter: &Filter, follow: bool) -> Result<Exit, Exit> {
    let path = remote.in_app(&format!("/functions/{}/logs?{}", segment(name), query(filter)))?;
    let mut shown = HashSet::new();
    loop {
        let answer = remote.get(&path).await?;
        let records: Vec<&Value> = answer["logs"].as_array().into_iter().flatten().collect();
        if remote.json && !follow {
            out::json(&answer);
        } else {
            // The server's newest is first; a reader's is last.
            let new = records.iter().rev().filter(|record| !shown.contains(&out::cell(record, "id")));
            new.for_each(|record| show_record(remote, record));
        }
        if !follow {
            return Ok(Exit::Ok);
        }
        shown = records.iter().map(|record| out::cell(record, "id")).collect();
        tokio::time::sleep(FOLLOW_EVERY).await;
    }
}

fn query(filter: &Filter) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &filter.limit.to_string());
    for (name, value) in
        [("level", &filter.level), ("status", &filter.status), ("invocation", &filter.invocation)]
    {
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
