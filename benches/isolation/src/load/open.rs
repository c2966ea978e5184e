//! An open loop: requests at a rate, whether or not the server keeps up. A latency counts from the moment at which the request
//! was meant to be sent, so that a server that stalls is charged for those that wait (no coordinated omission).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};

use super::{Tally, Target};
use crate::connection::Connection;

/// Timers are as coarse as a millisecond: what is nearer is waited for by yielding.
const NEAR: Duration = Duration::from_micros(1_500);

/// How long the answers to what was sent are waited for.
const DRAIN_MAX: Duration = Duration::from_secs(20);

/// Sends `rate` requests a second for `during`, over at most this many connections.
pub async fn open(target: &Target, connections: usize, rate: f64, during: Duration) -> Tally {
    let (sender, receiver) = mpsc::unbounded_channel::<(u64, Instant)>();
    let receiver = Arc::new(Mutex::new(receiver));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..connections {
        tasks.spawn(one(target.clone(), Arc::clone(&receiver)));
    }
    let begin = Instant::now();
    let mut sent = 0_u64;
    loop {
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        let after = Duration::from_secs_f64(sent as f64 / rate);
        if after >= during {
            break;
        }
        until(begin + after).await;
        if sender.send((sent, begin + after)).is_err() {
            break;
        }
        sent += 1;
    }
    drop(sender);
    let mut sum = Tally::default();
    let drained = tokio::time::timeout(DRAIN_MAX, async {
        while let Some(joined) = tasks.join_next().await {
            if let Ok(tally) = joined {
                sum.add(&tally);
            }
        }
    });
    let _ = drained.await;
    // What was sent and has no count by now was never answered.
    sum.failed = sent.saturating_sub(sum.right + sum.wrong);
    sum.took = begin.elapsed();
    sum
}

async fn until(moment: Instant) {
    loop {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        if left > NEAR {
            tokio::time::sleep(left - NEAR).await;
        } else {
            tokio::task::yield_now().await;
        }
    }
}

async fn one(target: Target, receiver: Arc<Mutex<mpsc::UnboundedReceiver<(u64, Instant)>>>) -> Tally {
    let mut tally = Tally::default();
    let mut connection = None;
    loop {
        let next = receiver.lock().await.recv().await;
        let Some((number, intended)) = next else { return tally };
        let Some(shot) = target.shot(number) else { return tally };
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(target.address).await,
        };
        let mut open = match open {
            Ok(open) => open,
            Err(error) => {
                tally.count_failed(&error);
                continue;
            }
        };
        match open.send(&shot.request).await {
            Ok((status, body)) => {
                let is_right = match &shot.answer {
                    Some(answer) => status == 200 && body == answer,
                    None => (200..300).contains(&status),
                };
                if is_right {
                    tally.count(intended.elapsed());
                } else {
                    tally.count_wrong(status, body);
                }
                connection = Some(open);
            }
            Err(error) => tally.count_failed(&error),
        }
    }
}
