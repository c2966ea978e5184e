//! Stores a job: through a function of ours, for a function and key that the host has signed for this very connection.

use bytes::Bytes;
use mayfly_runtime::providers::{GuestError, JobStart, NewJob, StoredJob};

use super::credentials::{ProvenCall, TenantCredentials};
use super::encode::Param;
use crate::wire::{Field, RowSink, Values, WireError};
use mayfly_api::ids::job_id;

/// Stores a job in the transaction that it is part of.
pub(crate) const ENQUEUE: &str = "SELECT job, duplicate::int FROM mayfly.enqueue($1, $2, $3, $4::float8, $5::float8, $6::int, $7::float8, $8)";

/// Starts of a job where nothing is said.
const ATTEMPTS: u32 = 5;
/// The pause before its second attempt, in seconds, where nothing is said.
const BACKOFF_SECONDS: f64 = 10.0;
/// Starts of a job at most.
pub const ATTEMPTS_MAX: u32 = 100;
/// The longest pause between attempts, in seconds.
pub const BACKOFF_SECONDS_MAX: f64 = 3600.0;
/// The longest payload, in bytes of JSON.
pub const PAYLOAD_BYTES_MAX: usize = 256 << 10;
/// The longest key, in characters.
pub const KEY_MAX: usize = 255;
/// How far ahead a job's start may lie, in seconds.
pub const DELAY_SECONDS_MAX: f64 = 366.0 * 24.0 * 3600.0;

/// What is wrong with a job, where something is.
///
/// # Errors
/// With the code of the SQLSTATE that it would be in a statement.
pub fn check_job(job: &NewJob, now_ms: f64) -> Result<(), GuestError> {
    let wrong = |code: &str, message: String| Err(GuestError::new(code, message));
    if job.payload.len() > PAYLOAD_BYTES_MAX {
        let bytes = job.payload.len();
        return wrong(
            "54000",
            format!("the payload has {bytes} bytes of JSON, of which {PAYLOAD_BYTES_MAX} can be kept"),
        );
    }
    if let Some(key) = &job.key {
        let characters = key.chars().count();
        if !(1..=KEY_MAX).contains(&characters) {
            return wrong(
                "22023",
                format!("the key of a job has 1 to {KEY_MAX} characters, not {characters}"),
            );
        }
        if key.contains('\0') {
            return wrong("22021", "the key of a job contains a NUL character".to_owned());
        }
    }
    let ahead_ms = match job.start {
        JobStart::Now => 0.0,
        JobStart::In(ms) => ms,
        JobStart::At(ms) => ms - now_ms,
    };
    // A time that is over is as good as now.
    if !ahead_ms.is_finite() || ahead_ms > DELAY_SECONDS_MAX * 1000.0 {
        return wrong("22008", "a job starts within 366 days".to_owned());
    }
    if job.attempts.is_some_and(|attempts| !(1..=ATTEMPTS_MAX).contains(&attempts)) {
        return wrong("22023", format!("a job has 1 to {ATTEMPTS_MAX} attempts"));
    }
    if job.backoff_seconds.is_some_and(|seconds| !(0.0..=BACKOFF_SECONDS_MAX).contains(&seconds)) {
        return wrong("22023", format!("the backoff of a job has 0 to {BACKOFF_SECONDS_MAX} seconds"));
    }
    Ok(())
}

/// The parameters of [`ENQUEUE`].
pub(crate) fn job_params(job: &NewJob, credentials: &TenantCredentials, process_id: i32) -> [Param; 8] {
    let proof =
        credentials.proof(ProvenCall::Queue, [&job.function, job.key.as_deref().unwrap_or("")], process_id);
    let (delay, at) = match job.start {
        JobStart::Now => (Some(0.0), None),
        JobStart::In(ms) => (Some(ms), None),
        JobStart::At(ms) => (None, Some(ms)),
    };
    [
        Some(job.function.clone().into_bytes()),
        job.key.clone().map(String::into_bytes),
        Some(job.payload.clone().into_bytes()),
        delay.map(|ms: f64| ms.to_string().into_bytes()),
        at.map(|ms: f64| ms.to_string().into_bytes()),
        Some(job.attempts.unwrap_or(ATTEMPTS).to_string().into_bytes()),
        Some(job.backoff_seconds.unwrap_or(BACKOFF_SECONDS).to_string().into_bytes()),
        Some(proof.into_bytes()),
    ]
}

/// The one row that the function returns.
#[derive(Debug, Default)]
pub(crate) struct StoredRow(Option<StoredJob>);

impl StoredRow {
    pub(crate) fn into_job(self) -> Result<StoredJob, GuestError> {
        self.0.ok_or_else(|| GuestError::new("XX000", "the job was not stored"))
    }
}

impl RowSink for StoredRow {
    fn fields(&mut self, _fields: Vec<Field>) {}

    fn row(&mut self, row: Bytes) -> Result<(), WireError> {
        let mut values = Values::of(row)?;
        let id = values.next()?.flatten().unwrap_or_default();
        let duplicate = values.next()?.flatten().is_some_and(|value| value.as_ref() == b"1");
        let number = std::str::from_utf8(&id).ok().and_then(|text| text.parse().ok());
        self.0 = number.map(|number| StoredJob { id: job_id(number), duplicate });
        Ok(())
    }

    fn bytes_left(&self) -> usize {
        1 << 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> NewJob {
        NewJob {
            function: "mail".to_owned(),
            payload: "{}".to_owned(),
            key: None,
            start: JobStart::Now,
            attempts: None,
            backoff_seconds: None,
        }
    }

    #[test]
    fn every_part_of_a_job_has_a_bound() {
        let year = DELAY_SECONDS_MAX * 1000.0;
        let good = [
            job(),
            NewJob { payload: "x".repeat(PAYLOAD_BYTES_MAX), ..job() },
            NewJob { key: Some("\u{1f600}".repeat(255)), ..job() },
            NewJob { start: JobStart::In(year), ..job() },
            NewJob { start: JobStart::At(-1e15), ..job() },
            NewJob { attempts: Some(100), backoff_seconds: Some(3600.0), ..job() },
        ];
        for job in good {
            assert_eq!(check_job(&job, 0.0), Ok(()), "{:?}", job.start);
        }
        let bad = [
            (NewJob { payload: "x".repeat(PAYLOAD_BYTES_MAX + 1), ..job() }, "54000"),
            (NewJob { key: Some(String::new()), ..job() }, "22023"),
            (NewJob { key: Some("x".repeat(256)), ..job() }, "22023"),
            (NewJob { key: Some("a\0".to_owned()), ..job() }, "22021"),
            (NewJob { start: JobStart::In(year + 1.0), ..job() }, "22008"),
            (NewJob { start: JobStart::At(f64::NAN), ..job() }, "22008"),
            (NewJob { attempts: Some(0), ..job() }, "22023"),
            (NewJob { attempts: Some(101), ..job() }, "22023"),
            (NewJob { backoff_seconds: Some(3600.5), ..job() }, "22023"),
        ];
        for (job, code) in bad {
            assert_eq!(check_job(&job, 0.0).unwrap_err().code, code);
        }
    }
}
