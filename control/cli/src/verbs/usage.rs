//! `mayfly usage`, and `mayfly usage verify`.

use http::Method;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

pub(super) async fn show(
    remote: &Remote,
    from: Option<&str>,
    to: Option<&str>,
    by: &str,
) -> Result<Exit, Exit> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("group_by", by);
    for (name, value) in [("from", from), ("to", to)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let answer = remote.get(&remote.in_app(&format!("/usage?{}", query.finish()))?).await?;
    if remote.json {
        out::json(&answer);
        return Ok(Exit::Ok);
    }
    out::data(&format!("{by}\tinvocations\terrors\tfuel\tdatabase_ms\tegress_bytes"));
    for group in answer["groups"].as_array().into_iter().flatten() {
        show_line(&out::cell(group, by), group);
    }
    show_line("total", &answer["total"]);
    Ok(Exit::Ok)
}

pub(super) async fn verify(remote: &Remote, invocation: &str) -> Result<Exit, Exit> {
    let body = json!({ "invocation": invocation });
    let answer = remote.ask(Method::POST, &remote.in_app("/usage/verify")?, Some(&body)).await?;
    let matches = answer["matches"] == true;
    if remote.json {
        out::json(&answer);
    } else if matches {
        out::data(&format!("{invocation}: {} fuel then, the same now", answer["fuel"]));
    } else {
        let (then, now) = (&answer["fuel"], &answer["replayed_fuel"]);
        out::data(&format!("{invocation}: {then} fuel then, {now} now"));
        if let Some(divergence) = answer["divergence"].as_str() {
            out::say(divergence);
        }
    }
    Ok(if matches { Exit::Ok } else { Exit::Failure })
}

fn show_line(of: &str, usage: &Value) {
    let cells: Vec<_> = ["invocations", "errors", "fuel", "database_ms", "egress_bytes"]
        .into_iter()
        .map(|member| out::cell(usage, member))
        .collect();
    out::data(&format!("{of}\t{}", cells.join("\t")));
}
