//! `mayfly webhook`: sends signed samples, and shows and replays what came.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::EmptyBody;
use mayfly_api::routes::{RouteId, WebhookDeliveriesList, WebhookDeliveryGet, WebhookDeliveryReplay};
use mayfly_api::webhooks::{DeliveryInfo, DeliveryState, ListDeliveries};
use serde_json::Value;

use crate::args::{WebhookSendArgs, WebhookVerb};
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, optional};
use crate::webhook::{SampleEvent, Sender, usual};

pub(super) async fn run(remote: &Remote, verb: WebhookVerb) -> Result<Exit, Exit> {
    match verb {
        WebhookVerb::Send(args) => send(remote, &args).await,
        WebhookVerb::List { name, state, limit } => {
            let state = state.map(|text| DeliveryState::parse(&text).ok_or(text)).transpose();
            let state = state.map_err(|text| {
                out::complain(&format!(
                    "--state {text}: must be one of received, running, done, failed, dead"
                ));
                Exit::Validation
            })?;
            let query = ListDeliveries { limit: Some(limit.into()), cursor: None, state };
            let answered = remote.call::<WebhookDeliveriesList>(&[&name], &query, &EmptyBody).await?;
            // The server's newest is first; a reader's is last.
            answered.print(remote, |page| page.deliveries.iter().rev().for_each(show));
            Ok(Exit::Ok)
        }
        WebhookVerb::Get { name, id } => {
            let found = remote.call::<WebhookDeliveryGet>(&[&name, &id], &Nothing {}, &EmptyBody).await?;
            found.print(remote, show);
            Ok(Exit::Ok)
        }
        WebhookVerb::Replay { name, id } => {
            let found = remote.call::<WebhookDeliveryReplay>(&[&name, &id], &Nothing {}, &EmptyBody).await?;
            found.print(remote, show);
            Ok(Exit::Ok)
        }
    }
}

/// Send one delivery. The function's answer is the data.
async fn send(remote: &Remote, args: &WebhookSendArgs) -> Result<Exit, Exit> {
    let usage = |message: String| {
        out::complain(&message);
        Exit::Usage
    };
    let sender = Sender::parse(&args.provider)
        .ok_or_else(|| usage(format!("{}: must be one of {}", args.provider, Sender::names().join(", "))))?;
    let secret = match &args.secret {
        Some(secret) => secret.clone(),
        None => secret_of(&args.dir, &args.to).ok_or_else(|| {
            let file = args.dir.join(&args.to).join("function.json");
            usage(format!("which secret? Give --secret, or a webhook trigger with one in {}", file.display()))
        })?,
    };
    let body = args.data.as_deref().map(read).transpose().map_err(usage)?;
    #[allow(clippy::disallowed_methods, reason = "a signature has the present time; nothing waits for it")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let event = SampleEvent {
        kind: args.event.clone().unwrap_or_else(|| usual(sender).to_owned()),
        id: args.id.clone().unwrap_or_else(|| now.as_micros().to_string()),
        at: i64::try_from(now.as_secs()).unwrap_or(0).saturating_sub(args.age),
        body,
    };
    let path = remote.path(RouteId::WebhookDeliver.route(), &[&args.to])?;
    let signed = sender
        .sign(&event, &secret, &remote.url(&path), &args.header)
        .map_err(|error| usage(format!("--secret: {error}")))?;
    out::say(&format!("{} {} {}", args.provider, event.kind, event.id));
    let answer = remote.deliver(&path, signed.headers, signed.body).await?;
    out::say(&format!("{} {}", answer.status, optional(answer.invocation_id.as_deref())));
    if !answer.body.is_empty() {
        out::data(String::from_utf8_lossy(&answer.body).trim_end());
    }
    Ok(if answer.status < 400 { Exit::Ok } else { Exit::of_status(answer.status) })
}

/// A text, or `@` and the file that it is in.
fn read(data: &str) -> Result<Bytes, String> {
    match data.strip_prefix('@') {
        Some(file) => std::fs::read(file).map(Bytes::from).map_err(|error| format!("--data {data}: {error}")),
        None => Ok(Bytes::copy_from_slice(data.as_bytes())),
    }
}

/// The first secret of the webhook trigger in a function's `function.json`.
fn secret_of(dir: &Path, name: &str) -> Option<String> {
    let text = std::fs::read(dir.join(name).join("function.json")).ok()?;
    let settings: Value = serde_json::from_slice(&text).ok()?;
    let list = settings["triggers"].as_array().cloned().unwrap_or_else(|| vec![settings["trigger"].clone()]);
    let trigger = list.into_iter().find(|trigger| trigger["type"] == "webhook")?;
    let config = &trigger["config"];
    let secret = config["secret"].as_str().or_else(|| config["secrets"][0].as_str());
    secret.map(str::to_owned)
}

fn show(delivery: &DeliveryInfo) {
    let DeliveryInfo { received_at, state, provider, provider_id, id, attempt, status, .. } = delivery;
    let status = optional(*status);
    let provider_id = optional(provider_id.as_deref());
    out::data(&format!("{received_at} {state} {provider} {provider_id} {id} attempt {attempt} {status}"));
    if let Some(error) = &delivery.error {
        out::data(&format!("  {} {}", error.code, error.message));
    }
    if let Some(at) = delivery.run_at {
        out::data(&format!("  runs at {at}"));
    }
}
