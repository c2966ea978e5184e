//! `mayfly triggers`, `mayfly cron NAME` and `mayfly cron run NAME`.

use mayfly_api::cron::SlotInfo;
use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::EmptyBody;
use mayfly_api::routes::{CronGet, CronRun, TriggersList};
use mayfly_api::value::Timestamp;

use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

pub(super) async fn list(remote: &Remote) -> Result<Exit, Exit> {
    remote.call::<TriggersList>(&[], &Nothing {}, &EmptyBody).await?.print(remote, |listed| {
        out::data("function\ttype\tstate\tnext\tlast\tstatus");
        for trigger in &listed.triggers {
            let last = trigger.last_run.as_ref();
            let status =
                last.and_then(|run| run.error_code.clone().or(run.status.map(|status| status.to_string())));
            out::data(&format!(
                "{}\t{}\t{}\t{}\t{}\t{}",
                trigger.function,
                trigger.kind,
                trigger.state,
                at(trigger.next_run),
                at(last.map(|run| run.started_at)),
                status.as_deref().unwrap_or("-"),
            ));
        }
    });
    Ok(Exit::Ok)
}

pub(super) async fn show_cron(remote: &Remote, name: &str, limit: usize) -> Result<Exit, Exit> {
    remote.call::<CronGet>(&[name], &Nothing {}, &EmptyBody).await?.print(remote, |cron| {
        let state = if cron.enabled { "" } else { ", disabled" };
        out::data(&format!("{} in {}{state}", cron.schedule, cron.timezone));
        for next in &cron.next {
            out::data(&format!("{next}\tnext"));
        }
        for slot in cron.slots.iter().take(limit) {
            out::data(&line(slot));
        }
    });
    Ok(Exit::Ok)
}

pub(super) async fn run_cron(remote: &Remote, name: &str) -> Result<Exit, Exit> {
    let answered = remote.call::<CronRun>(&[name], &Nothing {}, &EmptyBody).await?;
    answered.print(remote, |slot| out::data(&line(slot)));
    Ok(Exit::Ok)
}

fn line(slot: &SlotInfo) -> String {
    let manual = if slot.manual { " (asked for)" } else { "" };
    let more = if slot.slots > 1 { format!(" and {} more", slot.slots - 1) } else { String::new() };
    let error = slot.error.as_ref().map(|error| format!("\t{}: {}", error.code, error.message));
    format!(
        "{}\t{}{more}{manual}\t{}{}",
        slot.scheduled_at,
        slot.state,
        slot.invocation_id.as_deref().unwrap_or("-"),
        error.unwrap_or_default()
    )
}

fn at(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.to_string())
}
