//! The limits of one app on a node: the owner's, the operator's, and the smaller of the two.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use mayfly_api::config::{LimitsInfo, LimitsSpec};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::value::{Count, Number};
use mayfly_store::StorageQuota;

/// Requests that wait for a permit, by default.
const QUEUE: u32 = 100;
/// Bytes of an app's database, by default.
const DATABASE_BYTES: u64 = 10 << 30;
/// How long they wait.
const QUEUE_TIMEOUT_MS: u32 = 2_000;

/// Limits as they are stored: what is `None` was not set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppLimits {
    /// Invocations begun in a second, on one node.
    pub rate_per_second: Option<u32>,
    /// How many of them may come at once.
    pub burst: Option<u32>,
    /// Sandboxes at once, on one node.
    pub concurrency: Option<u32>,
    /// Requests that wait for a permit.
    pub queue: Option<u32>,
    /// How long they wait, in milliseconds.
    pub queue_timeout_ms: Option<u32>,
    /// Invocations a day (UTC), over all nodes.
    pub daily_invocations: Option<u64>,
    /// Fuel a day.
    pub daily_fuel: Option<u64>,
    /// Bytes that functions send out, a day.
    pub daily_egress_bytes: Option<u64>,
    /// Bytes of stored objects.
    pub storage_bytes: Option<u64>,
    /// Stored objects.
    pub storage_objects: Option<u64>,
    /// Bytes of the database.
    pub database_bytes: Option<u64>,
    /// The app's share of a busy node, beside the others'.
    pub weight: Option<u32>,
}

/// Limits as they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EffectiveLimits {
    /// Invocations begun in a second, and how many of them at once; `None`: as many as come.
    pub rate: Option<Rate>,
    /// Sandboxes at once; `None`: the node's own limit.
    pub concurrency: Option<u32>,
    /// Requests that wait for a permit.
    pub queue: u32,
    /// How long they wait.
    pub queue_timeout: Duration,
    /// What a day may cost.
    pub daily: DailyLimits,
    /// What the app may store.
    pub storage: StorageQuota,
    /// How large its database may be, in bytes: beyond that, functions can only read it.
    pub database_bytes: u64,
    /// The app's share of a busy node.
    pub weight: u32,
}

/// A rate limit: requests a second, and at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In a second.
    pub per_second: u32,
    /// At once, after a pause.
    pub burst: u32,
}

/// What a day may cost; `None`: whatever it costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DailyLimits {
    /// Invocations.
    pub invocations: Option<u64>,
    /// Fuel.
    pub fuel: Option<u64>,
    /// Bytes sent out.
    pub egress_bytes: Option<u64>,
}

impl AppLimits {
    /// Limits that were asked for, all of which replace what was set before.
    ///
    /// # Errors
    /// For `weight` by anyone but the operator, and for a `burst` without a rate.
    pub fn of(spec: &LimitsSpec, by_operator: bool) -> ApiResult<Self> {
        if spec.weight.is_some() && !by_operator {
            return Err(ApiError::invalid("limits.weight", "is the operator's to set"));
        }
        if spec.burst.is_some() && spec.rate_per_second.is_none() {
            return Err(ApiError::invalid("limits.burst", "goes with rate_per_second"));
        }
        Ok(Self {
            rate_per_second: spec.rate_per_second.map(Number::get),
            burst: spec.burst.map(Number::get),
            concurrency: spec.concurrency.map(Number::get),
            queue: spec.queue.map(Number::get),
            queue_timeout_ms: spec.queue_timeout_ms.map(Number::get),
            daily_invocations: spec.daily_invocations.map(Count::get),
            daily_fuel: spec.daily_fuel.map(Count::get),
            daily_egress_bytes: spec.daily_egress_bytes.map(Count::get),
            storage_bytes: spec.storage_bytes.map(Count::get),
            storage_objects: spec.storage_objects.map(Count::get),
            database_bytes: spec.database_bytes.map(Count::get),
            weight: spec.weight.map(Number::get),
        })
    }

    /// As the API shows them.
    pub fn info(&self) -> LimitsInfo {
        let Self {
            rate_per_second,
            burst,
            concurrency,
            queue,
            queue_timeout_ms,
            daily_invocations,
            daily_fuel,
            daily_egress_bytes,
            storage_bytes,
            storage_objects,
            database_bytes,
            weight,
        } = *self;
        LimitsInfo {
            rate_per_second,
            burst,
            concurrency,
            queue,
            queue_timeout_ms,
            daily_invocations,
            daily_fuel,
            daily_egress_bytes,
            storage_bytes,
            storage_objects,
            database_bytes,
            weight,
        }
    }
}

impl EffectiveLimits {
    /// Of each two the smaller one.
    pub fn of(owner: &AppLimits, operator: &AppLimits) -> Self {
        let rate_per_second = least(owner.rate_per_second, operator.rate_per_second);
        Self {
            rate: rate_per_second.map(|per_second| Rate {
                per_second,
                burst: least(owner.burst, operator.burst).unwrap_or(per_second),
            }),
            concurrency: least(owner.concurrency, operator.concurrency),
            queue: least(owner.queue, operator.queue).unwrap_or(QUEUE),
            queue_timeout: Duration::from_millis(
                least(owner.queue_timeout_ms, operator.queue_timeout_ms).unwrap_or(QUEUE_TIMEOUT_MS).into(),
            ),
            daily: DailyLimits {
                invocations: least(owner.daily_invocations, operator.daily_invocations),
                fuel: least(owner.daily_fuel, operator.daily_fuel),
                egress_bytes: least(owner.daily_egress_bytes, operator.daily_egress_bytes),
            },
            storage: StorageQuota {
                bytes: least(owner.storage_bytes, operator.storage_bytes),
                objects: least(owner.storage_objects, operator.storage_objects),
            },
            database_bytes: owner
                .database_bytes
                .unwrap_or(u64::MAX)
                .min(operator.database_bytes.unwrap_or(DATABASE_BYTES)),
            weight: operator.weight.unwrap_or(1),
        }
    }

    /// As the API shows them.
    pub fn info(&self) -> LimitsInfo {
        LimitsInfo {
            rate_per_second: self.rate.map(|rate| rate.per_second),
            burst: self.rate.map(|rate| rate.burst),
            concurrency: self.concurrency,
            queue: Some(self.queue),
            queue_timeout_ms: u32::try_from(self.queue_timeout.as_millis()).ok(),
            daily_invocations: self.daily.invocations,
            daily_fuel: self.daily.fuel,
            daily_egress_bytes: self.daily.egress_bytes,
            storage_bytes: self.storage.bytes,
            storage_objects: self.storage.objects,
            database_bytes: Some(self.database_bytes),
            weight: Some(self.weight),
        }
    }
}

impl Default for EffectiveLimits {
    fn default() -> Self {
        Self::of(&AppLimits::default(), &AppLimits::default())
    }
}

fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use mayfly_api::config::COUNT_MAX;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_smaller_word_holds() {
        let owner = AppLimits { concurrency: Some(10), queue: Some(500), ..AppLimits::default() };
        let operator = AppLimits {
            concurrency: Some(50),
            queue: Some(20),
            daily_fuel: Some(7),
            weight: Some(3),
            ..AppLimits::default()
        };
        let holds = EffectiveLimits::of(&owner, &operator);
        assert_eq!(
            (holds.concurrency, holds.queue, holds.daily.fuel, holds.weight),
            (Some(10), 20, Some(7), 3)
        );
        assert_eq!(holds.queue_timeout, Duration::from_secs(2));
        assert_eq!(holds.rate, None);
    }

    #[test]
    fn limits_are_read_strictly() {
        let read = |value, by_operator| {
            mayfly_api::decode::value::<LimitsSpec>(value, "limits")
                .and_then(|spec| AppLimits::of(&spec, by_operator))
                .map_err(|error| error.message().to_owned())
        };
        assert!(read(json!({"daily_fuel": COUNT_MAX, "rate_per_second": 5, "burst": 9}), false).is_ok());
        assert_eq!(read(json!({"weight": 2}), true).unwrap().weight, Some(2));
        for (value, path) in [
            (json!({"weight": 2}), "limits.weight: is the operator's"),
            (json!({"burst": 2}), "limits.burst: goes with"),
            (json!({"daily_fuel": COUNT_MAX + 1}), "limits.daily_fuel: must be"),
            (json!({"daily_fuel": -1}), "limits.daily_fuel: must be"),
            (json!({"daily_fuel": "1"}), "limits.daily_fuel: must be"),
            (json!({"queue_timeout_ms": 60_001}), "limits.queue_timeout_ms: must be"),
            (json!({"rate": 1}), "limits.rate: is not"),
            (json!([]), "limits: expected"),
        ] {
            assert!(read(value.clone(), false).unwrap_err().starts_with(path), "{value}");
        }
    }
}
