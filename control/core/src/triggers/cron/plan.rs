//! Decides what becomes of a trigger's due slots: run, skipped, or missed. Knows no clock and no database.

use chrono::{DateTime, TimeDelta, Utc};
use mayfly_api::cron::SlotState;
use mayfly_api::triggers::{Catchup, Overlap};
use mayfly_store::{DueTrigger, NewSlot, TriggerPlan};

use super::config::StoredCronConfig;
use super::schedule::CronSchedule;

/// A slot that starts later than this after its time was missed, and comes under the catch-up policy.
const LATE: TimeDelta = TimeDelta::seconds(30);
/// Slots of one trigger that a planning looks at; the rest is left for the next one.
const SLOTS_MAX: usize = 10_000;
/// Missed or skipped slots that get a row each, at most; older ones share one.
const ROWS_MAX: usize = 1_000;
/// Slots of a trigger that may wait with `overlap = queue`, or for a catch-up.
const WAITING_MAX: u32 = 100;

/// The plans of these triggers, as far as `budget` slots go.
pub fn decide(now: DateTime<Utc>, triggers: &[DueTrigger], budget: usize) -> Vec<TriggerPlan> {
    let mut left = budget;
    let mut plans = Vec::with_capacity(triggers.len());
    for trigger in triggers {
        if left == 0 {
            break;
        }
        let (plan, looked_at) = plan(now, trigger);
        left = left.saturating_sub(looked_at.max(1));
        plans.push(plan);
    }
    plans
}

/// The plan of one trigger, and how many slots it took to make.
fn plan(now: DateTime<Utc>, trigger: &DueTrigger) -> (TriggerPlan, usize) {
    let Some((config, schedule)) = read(trigger) else {
        tracing::error!(
            function = trigger.function_id,
            "a stored cron config cannot be read; it will not fire"
        );
        return (stopped(trigger), 1);
    };
    let first = trigger.next_at.or_else(|| schedule.next_after(trigger.planned_from));
    let mut times = std::iter::successors(first, |last| schedule.next_after(*last));
    let mut due = Vec::new();
    let mut next_at = None;
    for at in times.by_ref() {
        next_at = Some(at);
        if at > now || due.len() == SLOTS_MAX {
            break;
        }
        due.push(at);
        next_at = None;
    }
    // Where there are more, none of these is the last one.
    let is_cut = next_at.is_some_and(|next| next <= now);
    let looked_at = due.len();
    let slots = match (trigger.paused, is_cut) {
        (true, _) => all(&due, SlotState::SkippedPaused),
        (false, true) if config.catchup != Catchup::All => all(&due, SlotState::Missed),
        (false, _) => states(now, &config, trigger.open, &due),
    };
    let plan = TriggerPlan {
        function_id: trigger.function_id.clone(),
        app_id: trigger.app_id.clone(),
        schedule: config.schedule,
        timezone: config.timezone,
        attempts_max: config.retries + 1,
        backoff_seconds: config.backoff_seconds,
        slots: with_shared_row(slots, config.overlap),
        next_at,
    };
    (plan, looked_at)
}

fn read(trigger: &DueTrigger) -> Option<(StoredCronConfig, CronSchedule)> {
    let config = StoredCronConfig::read(&trigger.config)?;
    let schedule = CronSchedule::parse(&config.schedule, &config.timezone).ok()?;
    Some((config, schedule))
}

fn stopped(trigger: &DueTrigger) -> TriggerPlan {
    TriggerPlan {
        function_id: trigger.function_id.clone(),
        app_id: trigger.app_id.clone(),
        schedule: String::new(),
        timezone: String::new(),
        attempts_max: 1,
        backoff_seconds: 0,
        slots: Vec::new(),
        next_at: None,
    }
}

/// A slot with its fate, and whether it waits for the ones before it.
type Fate = (DateTime<Utc>, SlotState, Option<Overlap>);

fn all(due: &[DateTime<Utc>], state: SlotState) -> Vec<Fate> {
    due.iter().map(|at| (*at, state, None)).collect()
}

fn states(now: DateTime<Utc>, config: &StoredCronConfig, open: u32, due: &[DateTime<Utc>]) -> Vec<Fate> {
    let late = due.partition_point(|at| *at < now - LATE);
    let has_recent = late < due.len();
    let mut open = open;
    let mut fate = |place: usize, at: DateTime<Utc>| {
        let is_late = place < late;
        let caught_up = match config.catchup {
            Catchup::All => true,
            // The last one, where none came in time.
            Catchup::Last => !has_recent && place + 1 == late,
            Catchup::None => false,
        };
        if is_late && !caught_up {
            return (at, SlotState::Missed, None);
        }
        // A whole backlog runs in order, one after the other, unless slots may run side by side anyway.
        let overlap = match config.overlap {
            Overlap::Skip if is_late && config.catchup == Catchup::All => Overlap::Queue,
            other => other,
        };
        let is_refused = match overlap {
            Overlap::Skip => open > 0,
            Overlap::Queue | Overlap::Allow => open >= WAITING_MAX,
        };
        if is_refused {
            return (at, SlotState::SkippedOverlap, None);
        }
        open += 1;
        (at, SlotState::Waiting, Some(overlap))
    };
    due.iter().enumerate().map(|(place, at)| fate(place, *at)).collect()
}

/// A row a slot; beyond [`ROWS_MAX`] rows that run nothing, the oldest share one, which says how many they are.
fn with_shared_row(fates: Vec<Fate>, overlap: Overlap) -> Vec<NewSlot> {
    let idle = fates.iter().filter(|(_, state, _)| *state != SlotState::Waiting).count();
    let mut shared = if idle > ROWS_MAX { idle - ROWS_MAX + 1 } else { 0 };
    let mut slots: Vec<NewSlot> = Vec::with_capacity(fates.len().min(ROWS_MAX + 1));
    let mut summary: Option<usize> = None;
    for (scheduled_at, state, own) in fates {
        if shared > 0 && state != SlotState::Waiting {
            shared -= 1;
            if let Some(place) = summary {
                slots[place].slots += 1;
                continue;
            }
            summary = Some(slots.len());
        }
        slots.push(NewSlot { scheduled_at, state, slots: 1, overlap: own.unwrap_or(overlap) });
    }
    slots
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        format!("2026-11-01T{text}Z").parse().unwrap()
    }

    fn trigger(schedule: &str, next_at: &str, more: &serde_json::Value) -> DueTrigger {
        let mut config = json!({"schedule": schedule, "timezone": "UTC", "overlap": "skip", "catchup": "last",
            "retries": 0, "backoff_seconds": 10});
        for (name, value) in more.as_object().unwrap() {
            config[name] = value.clone();
        }
        DueTrigger {
            function_id: "fn_1".into(),
            app_id: "app_1".into(),
            config,
            next_at: Some(instant(next_at)),
            planned_from: instant("00:00:00"),
            paused: false,
            open: 0,
        }
    }

    fn fates(now: &str, trigger: &DueTrigger) -> (Vec<(String, &'static str)>, Option<String>) {
        let (plan, _) = plan(instant(now), trigger);
        let shown = |at: DateTime<Utc>| at.format("%H:%M:%S").to_string();
        let slots = plan.slots.iter().map(|slot| (shown(slot.scheduled_at), slot.state.as_str())).collect();
        (slots, plan.next_at.map(shown))
    }

    fn states_of(now: &str, trigger: &DueTrigger) -> Vec<&'static str> {
        fates(now, trigger).0.into_iter().map(|(_, state)| state).collect()
    }

    #[test]
    fn a_slot_in_time_runs_and_the_next_one_follows() {
        let (slots, next) = fates("00:01:00", &trigger("* * * * *", "00:01:00", &json!({})));
        assert_eq!(slots, [("00:01:00".to_owned(), "waiting")]);
        assert_eq!(next.as_deref(), Some("00:02:00"));
        let mut fresh = trigger("* * * * *", "00:01:00", &json!({}));
        fresh.next_at = None;
        assert_eq!(fates("00:00:30", &fresh), (vec![], Some("00:01:00".to_owned())));
        // A slot that came between the deploy and the planning is not lost.
        assert_eq!(fates("00:01:01", &fresh).0, [("00:01:00".to_owned(), "waiting")]);
    }

    #[test]
    fn after_an_outage_the_policy_decides() {
        let outage = |catchup: &str| trigger("* * * * *", "00:01:00", &json!({"catchup": catchup}));
        assert_eq!(states_of("00:03:45", &outage("last")), ["missed", "missed", "waiting"]);
        assert_eq!(states_of("00:03:45", &outage("none")), ["missed", "missed", "missed"]);
        assert_eq!(states_of("00:03:45", &outage("all")), ["waiting", "waiting", "waiting"]);
        // The last one is in time: it is the one that runs.
        assert_eq!(states_of("00:03:10", &outage("last")), ["missed", "missed", "waiting"]);
        assert_eq!(states_of("00:03:10", &outage("none")), ["missed", "missed", "waiting"]);
        let (plan, _) = plan(instant("00:03:45"), &outage("all"));
        assert!(plan.slots.iter().all(|slot| slot.overlap == Overlap::Queue), "one after the other");
    }

    #[test]
    fn overlap_is_what_was_asked_for() {
        let busy = |overlap: &str, open: u32| DueTrigger {
            open,
            ..trigger("* * * * *", "00:01:00", &json!({"overlap": overlap}))
        };
        assert_eq!(states_of("00:01:00", &busy("skip", 1)), ["skipped_overlap"]);
        assert_eq!(states_of("00:01:00", &busy("queue", 1)), ["waiting"]);
        assert_eq!(states_of("00:01:00", &busy("allow", 1)), ["waiting"]);
        assert_eq!(states_of("00:01:00", &busy("queue", WAITING_MAX)), ["skipped_overlap"]);
        assert_eq!(states_of("00:01:00", &busy("allow", WAITING_MAX)), ["skipped_overlap"]);
    }

    #[test]
    fn a_paused_app_keeps_account_of_its_slots() {
        let paused = DueTrigger { paused: true, ..trigger("* * * * *", "00:01:00", &json!({})) };
        assert_eq!(states_of("00:02:00", &paused), ["skipped_paused", "skipped_paused"]);
    }

    #[test]
    fn a_long_outage_is_bounded_and_no_slot_is_uncounted() {
        // 86,400 - 1 seconds: more than one planning looks at.
        let mut trigger = trigger("* * * * * *", "00:00:01", &json!({}));
        let (now, mut slots, mut rows, mut waiting) = (instant("23:59:59"), 0, 0, 0);
        loop {
            let (plan, looked_at) = plan(now, &trigger);
            assert!(looked_at <= SLOTS_MAX && plan.slots.len() <= ROWS_MAX + 31);
            rows += plan.slots.len();
            slots += plan.slots.iter().map(|slot| slot.slots).sum::<u32>();
            waiting += plan.slots.iter().filter(|slot| slot.state == SlotState::Waiting).count();
            trigger.next_at = plan.next_at;
            if plan.next_at.is_some_and(|next| next > now) {
                break;
            }
        }
        assert_eq!((slots, waiting), (86_399, 1));
        assert!(rows < 10_000, "{rows}");
    }

    #[test]
    fn one_planning_has_a_budget() {
        let outage: Vec<DueTrigger> =
            (0..5).map(|_| trigger("* * * * * *", "00:00:01", &json!({}))).collect();
        assert_eq!(decide(instant("01:00:00"), &outage, 7_200).len(), 2);
        assert_eq!(decide(instant("00:00:01"), &outage, 7_200).len(), 5);
    }

    #[test]
    fn a_config_that_cannot_be_read_does_not_stop_the_others() {
        let mut broken = trigger("* * * * *", "00:01:00", &json!({}));
        broken.config = json!({"schedule": 1});
        let plans = decide(instant("00:01:00"), &[broken, trigger("* * * * *", "00:01:00", &json!({}))], 10);
        assert_eq!((plans[0].slots.len(), plans[0].next_at), (0, None));
        assert_eq!(plans[1].slots.len(), 1);
    }
}
