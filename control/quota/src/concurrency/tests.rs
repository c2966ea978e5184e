//! Tests of the limiter: order and counts, without a clock.

use super::*;
use crate::{AppLimits, EffectiveLimits};

fn limits(change: impl FnOnce(&mut AppLimits)) -> EffectiveLimits {
    let mut limits = AppLimits::default();
    change(&mut limits);
    EffectiveLimits::of(&AppLimits::default(), &limits)
}

fn no_queue() -> EffectiveLimits {
    limits(|limits| limits.queue = Some(0))
}

fn patient() -> EffectiveLimits {
    limits(|limits| {
        limits.queue = Some(1_000);
        limits.queue_timeout_ms = Some(60_000);
    })
}

/// Lets every waiter that got a permit run.
async fn run_waiters() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_app_cannot_take_more_than_its_share_nor_the_node_more_than_it_has() {
    let limiter = ConcurrencyLimiter::new(3, 2);
    let (first, _second) =
        (limiter.take("a", &no_queue()).await.unwrap(), limiter.take("a", &no_queue()).await.unwrap());
    assert_eq!(limiter.take("a", &no_queue()).await.unwrap_err(), QuotaError::App { max: 2 });
    let _third = limiter.take("b", &no_queue()).await.unwrap();
    assert_eq!(limiter.take("c", &no_queue()).await.unwrap_err(), QuotaError::Node);
    drop(first);
    assert_eq!(limiter.in_use(), 2);
    assert!(limiter.take("a", &no_queue()).await.is_ok());
    let own = limits(|limits| (limits.concurrency, limits.queue) = (Some(1), Some(0)));
    let _one = limiter.take("d", &own).await.unwrap();
    assert_eq!(limiter.take("d", &own).await.unwrap_err(), QuotaError::App { max: 1 });
}

#[tokio::test]
async fn apps_that_hold_many_for_long_leave_the_last_quarter_to_others() {
    let limiter = ConcurrencyLimiter::new(32, 12);
    let mut held = Vec::new();
    for app in ["a", "b", "c"] {
        while let Ok(permit) = limiter.take(app, &no_queue()).await {
            held.push(permit);
        }
    }
    assert_eq!(
        (held.len(), limiter.in_use()),
        (24 + 2, 26),
        "the third has what is few, of the last quarter"
    );
    for app in ["d", "e", "f"] {
        held.push(limiter.take(app, &no_queue()).await.unwrap());
        held.push(limiter.take(app, &no_queue()).await.unwrap());
    }
    assert_eq!(limiter.take("g", &no_queue()).await.unwrap_err(), QuotaError::Node);
    held.drain(..4);
    assert!(limiter.take("g", &no_queue()).await.is_ok() && limiter.take("a", &no_queue()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_a_permit_waits_for_one_and_not_for_ever() {
    let limiter = ConcurrencyLimiter::new(1, 1);
    let held = limiter.take("a", &patient()).await.unwrap();
    let waiting = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.take("a", &patient()).await }
    });
    run_waiters().await;
    assert_eq!(limiter.waiting(), 1);
    drop(held);
    let permit = waiting.await.unwrap().unwrap();
    let impatient = limits(|limits| limits.queue_timeout_ms = Some(50));
    assert_eq!(limiter.take("a", &impatient).await.unwrap_err(), QuotaError::App { max: 1 });
    assert_eq!(limiter.take("b", &impatient).await.unwrap_err(), QuotaError::Node);
    assert_eq!((limiter.waiting(), limiter.in_use()), (0, 1), "those who gave up are gone");
    drop(permit);
    assert_eq!(limiter.in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_stops_waiting_delays_no_other() {
    let limiter = ConcurrencyLimiter::new(1, 1);
    let held = limiter.take("a", &patient()).await.unwrap();
    let wait = |app: &'static str| {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.take(app, &patient()).await })
    };
    let (gone, stays) = (wait("a"), wait("b"));
    run_waiters().await;
    gone.abort();
    run_waiters().await;
    drop(held);
    assert!(stays.await.unwrap().is_ok());
    run_waiters().await;
    assert_eq!((limiter.in_use(), limiter.waiting()), (0, 0));
}

/// 200 requests that spin, in an app that may have all of the node; another app's requests come while they wait.
#[tokio::test(start_paused = true)]
async fn two_hundred_spinning_requests_delay_each_other_and_no_other_app() {
    const SPIN: u64 = 1_000_000_000;
    const QUICK: u64 = 1_000_000;
    let limiter = ConcurrencyLimiter::new(4, 4);
    let order = Arc::new(Mutex::new(Vec::new()));
    let request = |app: &'static str, cost: u64| {
        let (limiter, order) = (limiter.clone(), Arc::clone(&order));
        tokio::spawn(async move {
            let mut permit = limiter.take(app, &patient()).await.unwrap();
            order.lock().unwrap().push(app);
            // As long as it costs: a nanosecond is ten fuel.
            tokio::time::sleep(Duration::from_nanos(cost / 10)).await;
            permit.spent(cost);
        })
    };
    let spinning: Vec<_> = (0..200).map(|_| request("spinner", SPIN)).collect();
    run_waiters().await;
    assert_eq!((limiter.in_use(), limiter.waiting()), (3, 197), "the last is not theirs");
    for _ in 0..30 {
        let before = order.lock().unwrap().len();
        request("quiet", QUICK).await.unwrap();
        let order = order.lock().unwrap();
        let place = order[before..].iter().position(|app| *app == "quiet").unwrap();
        assert!(
            place <= 1,
            "the first permit that is released goes to the quiet one: {:?}",
            &order[before..]
        );
    }
    let spun = order.lock().unwrap().iter().filter(|app| **app == "spinner").count();
    assert!(spun < 200, "the quiet requests were through long before the others: {spun}");
    for done in spinning {
        done.await.unwrap();
    }
    assert_eq!((limiter.in_use(), limiter.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_heavier_app_gets_its_share() {
    let limiter = ConcurrencyLimiter::new(1, 1);
    let held = limiter.take("x", &patient()).await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let all: Vec<_> = (0..60)
        .flat_map(|_| [("light", 1), ("heavy", 3)])
        .map(|(app, weight)| {
            let (limiter, order) = (limiter.clone(), Arc::clone(&order));
            let mut limits = patient();
            limits.weight = weight;
            tokio::spawn(async move {
                let mut permit = limiter.take(app, &limits).await.unwrap();
                order.lock().unwrap().push(app);
                tokio::task::yield_now().await;
                permit.spent(FIRST_COST);
            })
        })
        .collect();
    run_waiters().await;
    drop(held);
    for done in all {
        done.await.unwrap();
    }
    let heavy = order.lock().unwrap()[..40].iter().filter(|app| **app == "heavy").count();
    assert!((28..=32).contains(&heavy), "three quarters of the first 40: {heavy}");
}

#[tokio::test]
async fn a_rate_is_counted_and_forgotten_with_the_limit() {
    let limiter = ConcurrencyLimiter::new(1, 1);
    let limited = limits(|limits| (limits.rate_per_second, limits.burst) = (Some(1), Some(2)));
    assert_eq!(limiter.count("a", &limited), Ok(Some(1)));
    assert_eq!(limiter.count("a", &limited), Ok(Some(0)));
    assert!(matches!(limiter.count("a", &limited), Err(QuotaError::Rate { .. })));
    assert_eq!(limiter.count("b", &limited), Ok(Some(1)), "each app has its own");
    assert_eq!(limiter.count("a", &patient()), Ok(None));
}
