//! The contract's table of http auth, cell by cell.

use super::*;
use crate::functions::testing::target;

const APP: &str = "app_0123456789ab";

fn key(app: &str, kind: ApiKeyKind, scopes: &[Scope]) -> Credential {
    Credential::Key(Arc::new(ApiKey {
        id: "key_1".into(),
        app_id: app.into(),
        kind,
        name: None,
        prefix: String::new(),
        scopes: scopes.to_vec(),
        created_at: mayfly_common::clock::now(),
        revoked_at: None,
    }))
}

fn service() -> Credential {
    key(APP, ApiKeyKind::Service, Scope::ALL)
}

fn code(auth: HttpAuth, credential: Credential, user: Option<&str>) -> Result<(Caller, Identity), Code> {
    decide(&target(APP), auth, Ok(credential), user.map(str::to_owned)).map_err(|error| error.code())
}

#[test]
fn the_table_of_http_auth() {
    use HttpAuth::{None, Optional, Required};
    let user = || Credential::User(Arc::new(EndUser::new("alice", Option::None, 1.0)));
    let as_alice = Ok((CallerKindOf::EndUserJwt, Identity::User { id: "alice".into() }));
    let as_client = Ok((CallerKindOf::Anonymous, Identity::Anon));
    let jwt = || Credential::Bad(refused(TokenFault::Signature));
    let other = || key("app_bbbbbbbbbbbb", ApiKeyKind::Service, Scope::ALL);
    let anon = || key(APP, ApiKeyKind::Anon, &[]);
    let as_nobody = Ok((CallerKindOf::Anonymous, Identity::Service));
    let as_service = Ok((CallerKindOf::ServiceKey, Identity::Service));
    for (auth, credential, expected) in [
        (Required, Credential::None, Err(Code::AuthRequired)),
        (Required, jwt(), Err(Code::AuthInvalidToken)),
        (Required, user(), as_alice.clone()),
        (Required, service(), as_service.clone()),
        (Required, other(), Err(Code::AuthInvalidApiKey)),
        (Required, anon(), Err(Code::AuthRequired)),
        (Required, Credential::Admin, Err(Code::AuthInvalidApiKey)),
        (Optional, Credential::None, as_nobody.clone()),
        (Optional, jwt(), Err(Code::AuthInvalidToken)),
        (Optional, user(), as_alice.clone()),
        (Optional, service(), as_service.clone()),
        (Optional, other(), Err(Code::AuthInvalidApiKey)),
        (Optional, anon(), as_client.clone()),
        (None, Credential::None, as_nobody.clone()),
        (None, jwt(), as_nobody.clone()),
        (None, user(), as_alice.clone()),
        (None, service(), as_service.clone()),
        (None, other(), as_nobody.clone()),
        (None, anon(), as_client.clone()),
    ] {
        let got = code(auth, credential, Option::None).map(|(caller, identity)| (caller.kind, identity));
        assert_eq!(got, expected, "{auth:?}");
    }
}

use crate::auth::CallerKind as CallerKindOf;

#[test]
fn impersonation_needs_this_apps_service_key() {
    let (caller, identity) = code(HttpAuth::Required, service(), Some("alice")).unwrap();
    assert_eq!(caller.user_id.as_deref(), Some("alice"));
    assert_eq!(identity, Identity::User { id: "alice".into() });
    for auth in [HttpAuth::Required, HttpAuth::Optional, HttpAuth::None] {
        for credential in [
            Credential::None,
            key("app_bbbbbbbbbbbb", ApiKeyKind::Service, Scope::ALL),
            key(APP, ApiKeyKind::Anon, &[]),
            Credential::User(Arc::new(EndUser::new("alice", None, 1.0))),
        ] {
            assert_eq!(code(auth, credential, Some("alice")).unwrap_err(), Code::AuthImpersonationForbidden);
        }
    }
    let disabled = impersonate(Caller::anonymous(None), Some("alice".into()), false);
    assert_eq!(disabled.unwrap_err().code(), Code::AuthImpersonationDisabled);
}

#[test]
fn a_service_key_needs_the_scope() {
    let reader = key(APP, ApiKeyKind::Service, &[Scope::Read]);
    assert_eq!(code(HttpAuth::None, reader, None).unwrap_err(), Code::AuthForbidden);
}

#[test]
fn an_outage_is_no_excuse_but_for_public_functions() {
    let outage = || Err(ApiError::unavailable("postgresql", "down"));
    assert!(decide(&target(APP), HttpAuth::None, outage(), None).is_ok());
    let error = decide(&target(APP), HttpAuth::Optional, outage(), None).unwrap_err();
    assert_eq!(error.code(), Code::SubsystemUnavailable);
}
