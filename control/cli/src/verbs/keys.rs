//! `mayfly keys`: API keys, and the keys that sign end users' tokens.

use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::{EmptyBody, OptionalJson};
use mayfly_api::keys::{ApiKeyKind, CreateKey};
use mayfly_api::routes::{
    KeysCreate, KeysList, KeysRevoke, SigningKeysList, SigningKeysRemove, SigningKeysRotate,
};
use mayfly_api::scope::Scope;
use mayfly_api::tokens::RotateSigningKey;

use crate::args::KeyVerb;
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, optional};

pub(super) async fn run(remote: &Remote, verb: KeyVerb) -> Result<Exit, Exit> {
    match verb {
        KeyVerb::List => list(remote).await?,
        KeyVerb::Create { name, scopes, anon } => create(remote, name.as_deref(), &scopes, anon).await?,
        KeyVerb::Signing => signing(remote).await?,
        KeyVerb::Rotate { grace } => {
            let body = OptionalJson(RotateSigningKey { grace_seconds: Some(grace.into()) });
            let answered = remote.call::<SigningKeysRotate>(&[], &Nothing {}, &body).await?;
            answered.print(remote, |key| out::data(&key.kid));
        }
        KeyVerb::Forget { kid } => {
            remote.call::<SigningKeysRemove>(&[&kid], &Nothing {}, &EmptyBody).await?;
            out::say(&format!("{kid} is forgotten"));
        }
        KeyVerb::Revoke { id } => {
            remote.call::<KeysRevoke>(&[&id], &Nothing {}, &EmptyBody).await?;
            out::say(&format!("{id} is revoked"));
        }
    }
    Ok(Exit::Ok)
}

async fn list(remote: &Remote) -> Result<(), Exit> {
    remote.call::<KeysList>(&[], &Nothing {}, &EmptyBody).await?.print(remote, |list| {
        let rows = list.keys.iter().map(|key| {
            let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
            vec![
                key.id.clone(),
                key.kind.to_string(),
                optional(key.name.as_deref()),
                key.prefix.clone(),
                scopes.join(","),
                optional(key.revoked_at),
            ]
        });
        out::table(&["id", "type", "name", "prefix", "scopes", "revoked_at"], &rows.collect::<Vec<_>>());
    });
    Ok(())
}

async fn create(remote: &Remote, name: Option<&str>, scopes: &[String], anon: bool) -> Result<(), Exit> {
    let scopes: Vec<Scope> = scopes
        .iter()
        .map(|text| {
            Scope::parse(text).ok_or_else(|| {
                out::complain(&format!("--scope {text}: must be one of read, deploy, invoke, schema, run"));
                Exit::Validation
            })
        })
        .collect::<Result<_, _>>()?;
    let body = OptionalJson(CreateKey {
        name: name.map(Into::into),
        kind: Some(if anon { ApiKeyKind::Anon } else { ApiKeyKind::Service }),
        scopes: Some(scopes).filter(|scopes| !scopes.is_empty()).map(Into::into),
    });
    remote.call::<KeysCreate>(&[], &Nothing {}, &body).await?.print(remote, |created| {
        out::say(&format!("{} is shown this once:", created.info.id));
        out::data(&created.key);
    });
    Ok(())
}

async fn signing(remote: &Remote) -> Result<(), Exit> {
    remote.call::<SigningKeysList>(&[], &Nothing {}, &EmptyBody).await?.print(remote, |list| {
        let rows = list.keys.iter().map(|key| {
            vec![
                key.kid.clone(),
                optional(key.algorithm.as_deref()),
                key.state.to_string(),
                key.imported.to_string(),
                optional(key.verifies_until),
                key.created_at.to_string(),
            ]
        });
        let columns = ["kid", "algorithm", "state", "imported", "verifies_until", "created_at"];
        out::table(&columns, &rows.collect::<Vec<_>>());
    });
    Ok(())
}
