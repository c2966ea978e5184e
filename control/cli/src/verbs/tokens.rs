//! `mayfly token`.

use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::Json;
use mayfly_api::routes::TokensMint;
use mayfly_api::tokens::MintToken;

use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

/// The token is the data; until when it is good is chatter.
pub(super) async fn mint(remote: &Remote, sub: &str, ttl: u32, claims: Option<&str>) -> Result<Exit, Exit> {
    let claims = claims.map(serde_json::from_str).transpose().map_err(|error| {
        out::complain(&format!("--claims is not a JSON object: {error}"));
        Exit::Usage
    })?;
    let body = Json(MintToken { sub: sub.into(), ttl_seconds: Some(ttl.into()), claims });
    remote.call::<TokensMint>(&[], &Nothing {}, &body).await?.print(remote, |minted| {
        out::say(&format!("good until {}", minted.expires_at));
        out::data(&minted.token);
    });
    Ok(Exit::Ok)
}
