//! Sample events: as small as a function can still take them for the provider's.

use bytes::Bytes;
use serde_json::{Value, json};

use super::SampleEvent;
use super::sender::Sender;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// When a sample's event happened, in seconds since 1970. Not the time of sending: a provider repeats a delivery with
/// the same body, so that the same id twice has to be the same bytes.
const HAPPENED: i64 = 1_735_689_600;

/// A usual event of a provider.
pub(crate) fn usual(sender: Sender) -> &'static str {
    match sender {
        Sender::Stripe => "checkout.session.completed",
        Sender::Github => "push",
        Sender::Slack => "app_mention",
        Sender::Twilio | Sender::Telegram => "message",
        Sender::Discord => "command",
        Sender::Shopify => "orders/create",
        Sender::Standard | Sender::Svix | Sender::Custom => "user.created",
    }
}

/// Media type and body of an event.
pub(super) fn sample(sender: Sender, event: &SampleEvent) -> (&'static str, Bytes) {
    let SampleEvent { kind, id, .. } = event;
    let body = match sender {
        Sender::Stripe => json!({
            "id": id, "object": "event", "type": kind, "created": HAPPENED, "livemode": false, "pending_webhooks": 1,
            "api_version": "2025-08-27.basil", "data": { "object": stripe(kind) },
        }),
        Sender::Github => github(kind),
        Sender::Slack if kind == "url_verification" => {
            json!({ "type": kind, "token": "sample", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P" })
        }
        Sender::Slack => json!({
            "type": "event_callback", "team_id": "T061EG9R6", "api_app_id": "A0PNCHHK2", "event_id": id, "event_time": HAPPENED,
            "event": { "type": kind, "user": "U061F7AUR", "channel": "C0LAN2Q65", "ts": format!("{HAPPENED}.000100"),
                "text": "<@U0LAN0Z89> hello" },
        }),
        Sender::Twilio => {
            let form = [
                ("MessageSid", id.as_str()),
                ("AccountSid", "AC00000000000000000000000000000000"),
                ("From", "+14158675309"),
                ("To", "+18005551212"),
                ("Body", "hello"),
                ("NumMedia", "0"),
            ];
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            return (FORM, form.into());
        }
        Sender::Discord if kind == "ping" => json!({ "id": id, "type": 1, "version": 1, "token": "sample" }),
        Sender::Discord => json!({
            "id": id, "type": 2, "version": 1, "token": "sample", "application_id": "1106",
            "data": { "id": "1107", "name": kind, "type": 1 },
            "member": { "user": { "id": "80351110224678912", "username": "nelly" } },
        }),
        Sender::Telegram => {
            // An id in digits; another text stands for its length, so that the same id is the same update.
            let update: u64 = id.parse().unwrap_or(id.len() as u64);
            json!({ "update_id": update, kind.as_str(): { "message_id": 1, "date": HAPPENED, "text": "/start",
                "chat": { "id": 1, "type": "private" }, "from": { "id": 1, "is_bot": false, "first_name": "Ada" } } })
        }
        Sender::Shopify => json!({
            "id": 820_982_911_946_154_508_u64, "email": "jon@example.com", "currency": "EUR", "total_price": "12.50",
            "line_items": [{ "id": 1, "title": "Tea", "quantity": 2, "price": "6.25" }],
        }),
        Sender::Standard | Sender::Svix | Sender::Custom => json!({
            "id": id, "type": kind, "timestamp": HAPPENED, "data": { "id": "usr_1", "email": "ada@example.com" },
        }),
    };
    (JSON, body.to_string().into())
}

fn stripe(kind: &str) -> Value {
    match kind.split('.').next().unwrap_or_default() {
        "checkout" => json!({
            "id": "cs_test_1", "object": "checkout.session", "mode": "payment", "status": "complete",
            "payment_status": "paid", "amount_total": 1_250, "currency": "eur", "customer": "cus_1",
            "client_reference_id": "order_1", "metadata": {},
        }),
        "invoice" => json!({ "id": "in_1", "object": "invoice", "status": "paid", "amount_paid": 1_250,
            "currency": "eur", "customer": "cus_1" }),
        "payment_intent" => {
            json!({ "id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": 1_250,
            "currency": "eur" })
        }
        "customer" => json!({ "id": "cus_1", "object": "customer", "email": "ada@example.com" }),
        object => json!({ "id": "obj_1", "object": object }),
    }
}

fn github(kind: &str) -> Value {
    let sender = json!({ "login": "octocat", "id": 1, "type": "User" });
    let repository = json!({ "id": 1_296_269, "name": "Hello-World", "full_name": "octocat/Hello-World", "private": false,
        "default_branch": "main" });
    match kind {
        "ping" => {
            json!({ "zen": "Keep it logically awesome.", "hook_id": 1, "repository": repository, "sender": sender })
        }
        "push" => json!({
            "ref": "refs/heads/main", "before": "0".repeat(40), "after": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
            "commits": [{ "id": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "message": "Fix all the bugs",
                "added": [], "modified": ["README.md"], "removed": [] }],
            "repository": repository, "pusher": { "name": "octocat" }, "sender": sender,
        }),
        _ => json!({
            "action": "opened", "number": 1,
            kind: { "number": 1, "title": "Found a bug", "state": "open", "user": sender.clone() },
            "repository": repository, "sender": sender,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_a_usual_event() {
        for name in Sender::names() {
            let sender = Sender::parse(name).unwrap();
            let event =
                SampleEvent { kind: usual(sender).to_owned(), id: "12".to_owned(), at: 1, body: None };
            let (media_type, body) = sample(sender, &event);
            let later =
                SampleEvent { kind: usual(sender).to_owned(), id: "12".to_owned(), at: 2, body: None };
            assert_eq!(sample(sender, &later).1, body, "{name}: the same id is the same body at any time");
            let text = std::str::from_utf8(&body).unwrap();
            match media_type {
                FORM => assert!(text.contains("MessageSid=12")),
                _ => assert!(serde_json::from_str::<Value>(text).unwrap().is_object(), "{name}"),
            }
        }
    }
}
