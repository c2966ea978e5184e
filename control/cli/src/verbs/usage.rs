//! `mayfly usage`, and `mayfly usage verify`.

use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::{EmptyBody, Json};
use mayfly_api::routes::{UsageGet, UsageVerify};
use mayfly_api::usage::{GetUsage, GroupBy, UsageSums, VerifyUsage};

use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

pub(super) async fn show(
    remote: &Remote,
    from: Option<&str>,
    to: Option<&str>,
    by: &str,
) -> Result<Exit, Exit> {
    let query = GetUsage { from: from.map(Into::into), to: to.map(Into::into), group_by: GroupBy::parse(by) };
    remote.call::<UsageGet>(&[], &query, &EmptyBody).await?.print(remote, |report| {
        out::data(&format!("{by}\tinvocations\terrors\tfuel\tdatabase_ms\tegress_bytes"));
        for group in &report.groups {
            let of = group.function.as_deref().or(group.day.as_deref()).unwrap_or("-");
            out::data(&line(of, &group.sums));
        }
        out::data(&line("total", &report.total));
    });
    Ok(Exit::Ok)
}

pub(super) async fn verify(remote: &Remote, invocation: &str) -> Result<Exit, Exit> {
    let body = Json(VerifyUsage { invocation: invocation.into() });
    let answered = remote.call::<UsageVerify>(&[], &Nothing {}, &body).await?;
    answered.print(remote, |verified| {
        let (then, now) = (verified.fuel, verified.replayed_fuel);
        if verified.matches {
            return out::data(&format!("{invocation}: {then} fuel then, the same now"));
        }
        out::data(&format!("{invocation}: {then} fuel then, {now} now"));
        if let Some(divergence) = &verified.divergence {
            out::say(divergence);
        }
    });
    Ok(if answered.answer.matches { Exit::Ok } else { Exit::Failure })
}

fn line(of: &str, sums: &UsageSums) -> String {
    let UsageSums { invocations, errors, fuel, database_ms, egress_bytes, .. } = sums;
    format!("{of}\t{invocations}\t{errors}\t{fuel}\t{database_ms}\t{egress_bytes}")
}
