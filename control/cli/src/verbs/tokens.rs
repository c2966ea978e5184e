//! `mayfly token`.

use http::Method;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

/// The token is the data; until when it is good is chatter.
pub(super) async fn mint(remote: &Remote, sub: &str, ttl: u32, claims: Option<&str>) -> Result<Exit, Exit> {
    let mut body = json!({ "sub": sub, "ttl_seconds": ttl });
    if let Some(text) = claims {
        body["claims"] = serde_json::from_str::<Value>(text).map_err(|error| {
            out::complain(&format!("--claims is not JSON: {error}"));
            Exit::Usage
        })?;
    }
    let answer = remote.ask(Method::POST, &remote.in_app("/auth/tokens")?, Some(&body)).await?;
    if remote.json {
        out::json(&answer);
    } else {
        out::say(&format!("good until {}", out::cell(&answer, "expires_at")));
        out::data(&out::cell(&answer, "token"));
    }
    Ok(Exit::Ok)
}
