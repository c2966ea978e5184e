//! Several nodes over simulated time: every slot starts exactly once, also when nodes die, freeze and come back.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mayfly_core::triggers::cron::{CronSchedule, decide};
use mayfly_store::{SlotClaim, SlotKey, SlotOutcome, Store, StoreConfig};
use serde_json::json;
use support::cluster::{endpoint, run};
use tokio_postgres::types::ToSql;

const LEASE: Duration = Duration::from_secs(60);
const BUDGET: usize = 20_000;

/// A platform database of its own, with one app and these cron triggers: function, schedule, and more of the config.
async fn store_with(name: &str, triggers: &[(&str, &str, serde_json::Value)], now: DateTime<Utc>) -> Store {
    let database = format!("mayfly_{name}");
    let store = Store::connect(StoreConfig { database: database.clone(), ..StoreConfig::new(endpoint()) });
    let store = store.await.unwrap();
    store.migrate().await.unwrap();
    let client = endpoint().admin(&database).await.unwrap();
    client.execute("DELETE FROM apps", &[]).await.unwrap();
    client
        .execute("INSERT INTO apps (id, name, state) VALUES ('app_000000000001', 'clock', 'ready')", &[])
        .await
        .unwrap();
    for (function, schedule, more) in triggers {
        let mut config = json!({ "schedule": schedule, "timezone": "UTC", "overlap": "allow", "catchup": "all",
            "retries": 0, "backoff_seconds": 1 });
        for (name, value) in more.as_object().unwrap() {
            config[name] = value.clone();
        }
        client
            .execute(
                "INSERT INTO functions (id, app_id, name, timeout_ms, cpu_limit_ms, memory_limit_mb, agent_tool,
                    agent_tool_mode, agent_tool_exposed_to, allow_service_key_impersonation)
                 VALUES ($1, 'app_000000000001', $1, 1, 1, 16, false, 'read_only', 'developer_only', false)",
                &[function],
            )
            .await
            .unwrap();
        client
            .execute(
                "INSERT INTO triggers (function_id, kind, config, enabled, planned_from) VALUES ($1, 'cron', $2, true, $3)",
                &[function as &(dyn ToSql + Sync), &config, &now],
            )
            .await
            .unwrap();
    }
    store
}

/// A node in simulated time.
struct SimulatedNode {
    name: String,
    store: Store,
    /// Starts that it made, with their attempt.
    started: Vec<(SlotKey, u32)>,
    /// What it runs, and when that ends.
    running: Vec<(SlotKey, u32, DateTime<Utc>)>,
}

impl SimulatedNode {
    fn new(name: &str, store: &Store) -> Self {
        Self { name: name.to_owned(), store: store.clone(), started: Vec::new(), running: Vec::new() }
    }

    /// What the job does at this instant: keeps its claims, plans, claims, and settles what has ended.
    async fn step(&mut self, now: DateTime<Utc>) {
        let cron = self.store.cron();
        cron.renew(Some(now), &self.name, &self.keys(), LEASE).await.unwrap();
        cron.expire(Some(now)).await.unwrap();
        cron.plan(Some(now), 500, |now, due| decide(now, due, BUDGET)).await.unwrap();
        let claim = SlotClaim {
            node: &self.name,
            limit: 50,
            per_app: 50,
            full_apps: &[],
            after_app: "",
            lease: LEASE,
        };
        for slot in cron.claim(Some(now), claim).await.unwrap() {
            self.started.push((slot.key.clone(), slot.attempt));
            self.running.push((slot.key, slot.attempt, now + TimeDelta::seconds(7)));
        }
        self.settle(now).await;
    }

    fn keys(&self) -> Vec<SlotKey> {
        self.running.iter().map(|(key, _, _)| key.clone()).collect()
    }

    async fn settle(&mut self, now: DateTime<Utc>) -> u64 {
        let (ended, running) =
            std::mem::take(&mut self.running).into_iter().partition(|(_, _, end)| *end <= now);
        self.running = running;
        let ended: Vec<(SlotKey, u32, DateTime<Utc>)> = ended;
        let outcomes: Vec<SlotOutcome> = ended
            .into_iter()
            .map(|(key, attempt, _)| SlotOutcome {
                key,
                attempt,
                invocation_id: None,
                status: Some(200),
                error: None,
                paused: false,
            })
            .collect();
        self.store.cron().settle(Some(now), &self.name, &outcomes).await.unwrap()
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn states(name: &str) -> HashMap<String, i64> {
    let client = endpoint().admin(&format!("mayfly_{name}")).await.unwrap();
    let rows = client.query("SELECT state, count(*) FROM cron_slots GROUP BY state", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Every slot of an hour, over three nodes that work at the same moments; now and then one dies with what it runs.
#[test]
fn an_hour_over_three_nodes_has_no_slot_twice_and_none_missing() {
    run(async {
        let (begin, end) = (instant("2026-11-01T00:00:00Z"), instant("2026-11-01T01:00:00Z"));
        let triggers = [
            ("every_minute", "* * * * *", json!({})),
            ("every_20_s", "*/20 * * * * *", json!({})),
            ("quarters", "*/15 * * * *", json!({ "overlap": "queue" })),
            ("retried", "*/2 * * * *", json!({ "retries": 5 })),
        ];
        let store = store_with("simulated_hour", &triggers, begin).await;
        let mut nodes: Vec<SimulatedNode> =
            ["a", "b", "c"].iter().map(|name| SimulatedNode::new(name, &store)).collect();
        let (mut now, mut lost, mut starts) = (begin, 0, Vec::new());
        // Past the end, so that what is lost late is found.
        while now <= end + TimeDelta::minutes(5) {
            futures_util::future::join_all(nodes.iter_mut().map(|node| node.step(now))).await;
            // A node dies without a word every few minutes, and another one comes in its place.
            let seconds = (now - begin).num_seconds();
            if seconds % 240 == 125 && now < end {
                let place = usize::try_from(seconds / 240).unwrap() % nodes.len();
                let name = format!("{}-{seconds}", nodes[place].name);
                let dead = std::mem::replace(&mut nodes[place], SimulatedNode::new(&name, &store));
                lost += dead.running.len();
                starts.extend(dead.started);
            }
            now += TimeDelta::seconds(5);
        }
        starts.extend(nodes.iter_mut().flat_map(|node| std::mem::take(&mut node.started)));
        assert!(lost > 0, "nodes died with something to lose");

        let mut by_slot: HashMap<SlotKey, Vec<u32>> = HashMap::new();
        for (key, attempt) in starts {
            by_slot.entry(key).or_default().push(attempt);
        }
        for (function, schedule, _) in &triggers {
            let schedule = CronSchedule::parse(schedule, "UTC").unwrap();
            for scheduled_at in schedule.after(begin).take_while(|at| *at <= end) {
                let key = SlotKey { function_id: (*function).to_owned(), manual: false, scheduled_at };
                let mut attempts = by_slot.remove(&key).unwrap_or_else(|| panic!("{key:?} never started"));
                attempts.sort_unstable();
                let counted: Vec<u32> = (1..=u32::try_from(attempts.len()).unwrap()).collect();
                assert_eq!(attempts, counted, "each attempt starts once: {key:?}");
                assert!(*function == "retried" || attempts.len() == 1, "{key:?} started twice");
            }
        }
        by_slot.retain(|key, _| key.scheduled_at <= end);
        assert_eq!(by_slot, HashMap::new(), "no slot that is not in a schedule");
        let states = states("simulated_hour").await;
        let failed = states.get("failed").copied().unwrap_or(0);
        assert!(failed > 0 && !states.contains_key("missed"), "what was lost is told: {states:?}");
    });
}

#[test]
fn a_frozen_node_changes_nothing_when_it_comes_back() {
    run(async {
        let begin = instant("2026-11-01T00:00:59Z");
        let store =
            store_with("simulated_freeze", &[("job", "0 * * * *", json!({ "retries": 1 }))], begin).await;
        let (mut frozen, mut other) =
            (SimulatedNode::new("frozen", &store), SimulatedNode::new("other", &store));
        let due = instant("2026-11-01T01:00:00Z");
        frozen.step(due).await;
        assert_eq!(frozen.started.len(), 1);
        // Its claim expires; the other node takes the second attempt over.
        let later = due + TimeDelta::seconds(61);
        other.step(later).await;
        other.step(later + TimeDelta::seconds(1)).await;
        assert_eq!(other.started.iter().map(|(_, attempt)| *attempt).collect::<Vec<_>>(), [2]);
        let back = later + TimeDelta::seconds(2);
        assert_eq!(frozen.store.cron().renew(Some(back), "frozen", &frozen.keys(), LEASE).await.unwrap(), 0);
        assert_eq!(frozen.settle(back).await, 0, "its outcome comes too late");
        assert_eq!(other.settle(back + TimeDelta::seconds(10)).await, 1);
        assert_eq!(states("simulated_freeze").await, HashMap::from([("ran".to_owned(), 1)]));
    });
}

#[test]
fn an_outage_over_a_slot_runs_it_once_or_says_that_it_was_missed() {
    run(async {
        let begin = instant("2026-11-01T00:00:50Z");
        let triggers = [
            ("last", "* * * * *", json!({ "catchup": "last" })),
            ("none", "* * * * *", json!({ "catchup": "none" })),
            ("all", "* * * * *", json!({ "catchup": "all" })),
        ];
        let store = store_with("simulated_outage", &triggers, begin).await;
        let mut node = SimulatedNode::new("a", &store);
        node.step(begin).await;
        // Down for three slots, and back 45 s after the last one.
        for second in 0..60 {
            node.step(instant("2026-11-01T00:03:45Z") + TimeDelta::seconds(second)).await;
            if second == 14 {
                break;
            }
        }
        let started = |function: &str| {
            let of = node.started.iter().filter(|(key, _)| key.function_id == function);
            of.map(|(key, _)| key.scheduled_at.format("%M").to_string()).collect::<Vec<_>>()
        };
        assert_eq!((started("last"), started("none")), (vec!["03".to_owned()], vec![]));
        let mut all = started("all");
        all.sort();
        assert_eq!(all, ["01", "02", "03"]);
        assert_eq!(states("simulated_outage").await["missed"], 2 + 3);
    });
}

#[test]
fn a_clock_set_back_an_hour_fires_nothing_twice() {
    run(async {
        let begin = instant("2026-11-01T00:00:30Z");
        let store = store_with("simulated_clock", &[("job", "* * * * *", json!({}))], begin).await;
        let mut node = SimulatedNode::new("a", &store);
        for minute in 1..=5 {
            node.step(instant("2026-11-01T01:00:00Z") + TimeDelta::minutes(minute)).await;
        }
        let before = node.started.len();
        for minute in 1..=30 {
            node.step(instant("2026-11-01T00:00:00Z") + TimeDelta::minutes(minute)).await;
        }
        assert_eq!(node.started.len(), before, "those slots had started already");
        node.step(instant("2026-11-01T01:06:00Z")).await;
        assert_eq!(node.started.len(), before + 1);
    });
}
