//! `mayfly queue`: jobs for functions, and what became of them.

use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::{EmptyBody, Endpoint, Json};
use mayfly_api::queues::{EnqueueJob, JobInfo, JobState, ListJobs, PatchQueue, QueueInfo};
use mayfly_api::routes::{JobCancel, JobEnqueue, JobGet, JobReplay, JobsList, QueuePatch, QueuesList};
use mayfly_api::value::{Text, Timestamp};
use serde_json::Value;

use crate::args::{QueueEnqueueArgs, QueueSetArgs, QueueVerb};
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, optional};

pub(super) async fn run(remote: &Remote, verb: QueueVerb) -> Result<Exit, Exit> {
    match verb {
        QueueVerb::List => {
            let found = remote.call::<QueuesList>(&[], &Nothing {}, &EmptyBody).await?;
            found.print(remote, |list| list.queues.iter().for_each(show_queue));
        }
        QueueVerb::Set(args) => set(remote, &args).await?,
        QueueVerb::Enqueue(args) => enqueue(remote, *args).await?,
        QueueVerb::Jobs { name, state, limit } => jobs(remote, &name, state.as_deref(), limit).await?,
        QueueVerb::Get { name, id } => one::<JobGet>(remote, &name, &id).await?,
        QueueVerb::Replay { name, id } => one::<JobReplay>(remote, &name, &id).await?,
        QueueVerb::Cancel { name, id } => one::<JobCancel>(remote, &name, &id).await?,
    }
    Ok(Exit::Ok)
}

fn usage(message: &str) -> Exit {
    out::complain(message);
    Exit::Usage
}

async fn one<E>(remote: &Remote, name: &str, id: &str) -> Result<(), Exit>
where
    E: Endpoint<Query = Nothing, Body = EmptyBody, Answer = JobInfo>,
{
    let found = remote.call::<E>(&[name, id], &Nothing {}, &EmptyBody).await?;
    found.print(remote, |job| {
        show(job);
        if let Some(payload) = &job.payload {
            out::data(&format!("  {payload}"));
        }
    });
    Ok(())
}

async fn jobs(remote: &Remote, name: &str, state: Option<&str>, limit: u32) -> Result<(), Exit> {
    let state = match state {
        None => None,
        Some(text) => Some(JobState::parse(text).ok_or_else(|| {
            out::complain(&format!("--state {text}: must be one of waiting, running, done, dead, cancelled"));
            Exit::Validation
        })?),
    };
    let query = ListJobs { limit: Some(limit.into()), cursor: None, state };
    let answered = remote.call::<JobsList>(&[name], &query, &EmptyBody).await?;
    // The server's newest is first; a reader's is last.
    answered.print(remote, |page| page.jobs.iter().rev().for_each(show));
    Ok(())
}

async fn set(remote: &Remote, args: &QueueSetArgs) -> Result<(), Exit> {
    let concurrency = match args.concurrency.as_deref() {
        None => None,
        Some("none") => Some(None),
        Some(number) => {
            let number: u32 = number
                .parse()
                .map_err(|_| usage("--concurrency: must be a number from 1 to 1000, or none"))?;
            Some(Some(number.into()))
        }
    };
    let paused = (args.pause || args.resume).then_some(args.pause);
    if concurrency.is_none() && paused.is_none() {
        return Err(usage("what is to be set? Give --concurrency, --pause or --resume"));
    }
    let body = Json(PatchQueue { concurrency, paused });
    let answered = remote.call::<QueuePatch>(&[&args.name], &Nothing {}, &body).await?;
    answered.print(remote, |set| {
        let paused = if set.paused { " paused" } else { "" };
        out::data(&format!("{} concurrency {}{paused}", set.name, optional(set.concurrency)));
    });
    Ok(())
}

async fn enqueue(remote: &Remote, args: QueueEnqueueArgs) -> Result<(), Exit> {
    let text = match args.data.strip_prefix('@') {
        Some(file) => {
            std::fs::read_to_string(file).map_err(|error| usage(&format!("--data @{file}: {error}")))?
        }
        None => args.data,
    };
    let payload: Value =
        serde_json::from_str(&text).map_err(|error| usage(&format!("--data: it is no JSON: {error}")))?;
    let at = match args.at {
        None => None,
        Some(at) => Some(
            serde_json::from_value::<Timestamp>(Value::String(at))
                .map_err(|_| usage("--at: must be a time such as 2027-01-31T09:00:00Z"))?,
        ),
    };
    let job = EnqueueJob {
        payload,
        delay: args.delay,
        at,
        attempts: args.attempts.map(Into::into),
        backoff: args.backoff,
        key: args.key.as_deref().map(Text::from),
    };
    let stored = remote.call::<JobEnqueue>(&[&args.name], &Nothing {}, &Json(job)).await?;
    stored.print(remote, |job| {
        out::data(&format!("{}{}", job.id, if job.duplicate { " duplicate" } else { "" }));
    });
    Ok(())
}

fn show_queue(queue: &QueueInfo) {
    let QueueInfo { name, waiting, running, done, dead, cancelled, .. } = queue;
    let concurrency = queue.concurrency.map(|limit| format!(" concurrency {limit}")).unwrap_or_default();
    let paused = if queue.paused { " paused" } else { "" };
    out::data(&format!(
        "{name} waiting {waiting} running {running} done {done} dead {dead} cancelled {cancelled}{concurrency}{paused}"
    ));
}

fn show(job: &JobInfo) {
    let JobInfo { enqueued_at, state, id, attempt, attempts, status, .. } = job;
    let key = job.key.as_deref().map(|key| format!(" {key}")).unwrap_or_default();
    out::data(&format!(
        "{enqueued_at} {state} {id}{key} attempt {attempt} of {attempts} {}",
        optional(*status)
    ));
    if let Some(error) = &job.error {
        out::data(&format!("  {} {}", error.code, error.message));
    }
    if let Some(at) = job.run_at {
        out::data(&format!("  runs at {at}"));
    }
}
