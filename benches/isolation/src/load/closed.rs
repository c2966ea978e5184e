//! A closed loop: each connection sends its next request when the answer to the last one is there. It measures throughput.

use std::time::{Duration, Instant};

use super::{Tally, Target};
use crate::connection::Connection;

/// Sends over this many connections at once: first for `warm`, uncounted, then for `measured`. It ends with the last answer,
/// which counts, too: a way may be slower than the measurement is long, and what comes next meets an idle server.
pub async fn closed(target: &Target, connections: usize, warm: Duration, measured: Duration) -> Tally {
    let begin = Instant::now() + warm;
    let end = begin + measured;
    let mut tasks = tokio::task::JoinSet::new();
    for place in 0..connections {
        tasks.spawn(one(target.clone(), place, begin, end));
    }
    let mut sum = Tally::default();
    while let Some(joined) = tasks.join_next().await {
        // A task that panicked has no counts; the sum is less.
        if let Ok(tally) = joined {
            sum.add(&tally);
        }
    }
    sum.took = begin.elapsed();
    sum
}

/// One connection. Answers count that arrive after `begin`; nothing is sent after `end`.
async fn one(target: Target, place: usize, begin: Instant, end: Instant) -> Tally {
    let mut tally = Tally::default();
    let mut connection = None;
    let mut number = u64::try_from(place).unwrap_or_default();
    while Instant::now() < end {
        let Some(shot) = target.shot(number) else { break };
        number += 1;
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(target.address).await,
        };
        let mut open = match open {
            Ok(open) => open,
            Err(error) => {
                tally.count_failed(&error);
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
        };
        let started = Instant::now();
        match open.send(&shot.request).await {
            Ok((status, body)) => {
                let now = Instant::now();
                let is_right = match &shot.answer {
                    Some(answer) => status == 200 && body == answer,
                    None => (200..300).contains(&status),
                };
                if !is_right {
                    tally.count_wrong(status, body);
                } else if now >= begin {
                    tally.count(now - started);
                }
                connection = Some(open);
            }
            Err(error) => tally.count_failed(&error),
        }
    }
    tally
}
