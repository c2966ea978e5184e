//! Checks credentials against what a route asks for.

use std::sync::Arc;

use http::request::Parts;

use super::access::{Access, CallAccess, Manager};
use super::admin::AdminKey;
use super::bearer::{Bearer, as_user, in_query, pinned_version, refused, required};
use super::caller::{Caller, CallerKind, EndUser};
use super::key::{self, KeyHash, Shape};
use super::verifier::TokenVerifier;
use crate::invoke::{HttpAuth, Target, Targets, choose};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::policy::{Requirement, requirement};
use mayfly_api::route::Route;
use mayfly_api::scope::Scope;
use mayfly_common::cache::TtlCache;
use mayfly_jwt::token::TokenFault;
use mayfly_store::{ApiKey, ApiKeyKind, AppState, Store};
use mayfly_tenant_db::identity::Identity;

/// Decides who may. Cheap to clone.
#[derive(Clone)]
pub struct Authenticator {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    admin: AdminKey,
    targets: Targets,
    tokens: TokenVerifier,
    keys: TtlCache<KeyHash, Option<Arc<ApiKey>>>,
}

/// A bearer, looked up.
enum Credential {
    None,
    Admin,
    Key(Arc<ApiKey>),
    User(Arc<EndUser>),
    Bad(ApiError),
}

impl Authenticator {
    /// One that knows this admin key and looks up all others in the store.
    pub fn new(store: Store, admin: AdminKey, targets: Targets, tokens: TokenVerifier) -> Self {
        Self { inner: Arc::new(Inner { store, admin, targets, tokens, keys: TtlCache::default() }) }
    }

    /// Whether this request may be served, and as what.
    pub async fn check(&self, route: &Route, head: &Parts) -> ApiResult<Access> {
        match requirement(route) {
            Requirement::Open => Ok(Access::Open),
            Requirement::Admin => self.check_admin(head).await,
            Requirement::App(scope) => {
                let app = route.app().unwrap_or_default();
                self.check_manager(app, scope, head).await.map(Access::App)
            }
            Requirement::Call => self.check_call(route, head).await,
        }
    }

    /// A key was revoked: the next request looks it up afresh.
    pub fn forget_keys(&self) {
        self.inner.keys.invalidate_all();
    }

    async fn check_admin(&self, head: &Parts) -> ApiResult<Access> {
        match self.credential(None, head).await? {
            Credential::Admin => Ok(Access::Admin),
            Credential::Key(_) => Err(forbidden("this needs the operator's key")),
            Credential::None => Err(required()),
            Credential::User(_) => Err(refused(TokenFault::NotAKey)),
            Credential::Bad(error) => Err(error),
        }
    }

    async fn check_manager(&self, app: &str, scope: Scope, head: &Parts) -> ApiResult<Manager> {
        match self.credential(None, head).await? {
            Credential::Admin => self.require_app(app).await.map(|()| Manager::Admin),
            // Another tenant's key gets the answer that an app which does not exist would give.
            Credential::Key(key) if key.app_id != app => Err(ApiError::not_found("the app")),
            Credential::Key(key) if key.kind == ApiKeyKind::Anon => {
                Err(forbidden("an anon key has no rights on management"))
            }
            Credential::Key(key) if !key.scopes.contains(&scope) => {
                Err(forbidden(&format!("the key lacks the scope `{}`", scope.as_str())))
            }
            Credential::Key(key) => Ok(Manager::Key { id: key.id.clone(), scopes: key.scopes.clone() }),
            Credential::None => Err(required()),
            Credential::User(_) => Err(refused(TokenFault::NotAKey)),
            Credential::Bad(error) => Err(error),
        }
    }

    async fn require_app(&self, app: &str) -> ApiResult<()> {
        match self.inner.store.apps().get(app).await? {
            Some(app) if app.state == AppState::Ready => Ok(()),
            Some(_) => Err(ApiError::new(
                Code::StatePrerequisiteMissing,
                "the app is being made or deleted; wait until it is ready",
            )),
            None => Err(ApiError::not_found("the app")),
        }
    }

    async fn check_call(&self, route: &Route, head: &Parts) -> ApiResult<Access> {
        let Route::Call { app, path } = route else {
            return Err(ApiError::internal("only calls are checked as calls"));
        };
        let (target, auth) = self.inner.targets.by_call(app, path, &head.method).await?;
        let credential = self.credential(Some(app), head).await;
        let (caller, identity) = decide(&target, auth, credential, as_user(&head.headers)?)?;
        let target = match pinned_version(&head.headers)? {
            None => choose(target, caller.user_id.as_deref()),
            Some(version) if caller.kind == CallerKind::ServiceKey => {
                self.inner.targets.by_version(app, &target.function.function_name, version).await?
            }
            Some(_) => return Err(forbidden("X-Mayfly-Version needs a service key of this app")),
        };
        Ok(Access::Call(Box::new(CallAccess { target, caller, identity })))
    }

    /// What a request shows. Tokens of end users mean something for one app's functions only.
    async fn credential(&self, app: Option<&str>, head: &Parts) -> ApiResult<Credential> {
        let bearer = match Bearer::of(&head.headers) {
            Bearer::None if in_query(&head.uri) => {
                return Ok(Credential::Bad(refused(TokenFault::InQueryString)));
            }
            Bearer::None => return Ok(Credential::None),
            Bearer::Unusable(fault) => return Ok(Credential::Bad(refused(fault))),
            Bearer::Token(bearer) => bearer,
        };
        match (key::shape(bearer), app) {
            (None, None) => Ok(Credential::Bad(refused(TokenFault::NotAKey))),
            (None, Some(app)) => Ok(match self.inner.tokens.verify(app, bearer).await? {
                Ok(user) => Credential::User(user),
                Err(fault) => Credential::Bad(refused(fault)),
            }),
            (Some(Shape::Admin), _) if self.inner.admin.verify(bearer) => Ok(Credential::Admin),
            (Some(Shape::Admin), _) => Ok(Credential::Bad(unknown_key())),
            (Some(Shape::App), _) => self.find_key(bearer).await,
        }
    }

    async fn find_key(&self, bearer: &str) -> ApiResult<Credential> {
        let hash = key::hash(bearer);
        let store = &self.inner.store;
        let found = self
            .inner
            .keys
            .get(&hash, || async { ApiResult::Ok(store.keys().find_by_hash(&hash).await?.map(Arc::new)) })
            .await?;
        // Unknown and revoked are told apart by nobody but the owner, in the list of keys.
        Ok(match found {
            Some(key) if key.revoked_at.is_none() => Credential::Key(key),
            Some(_) | None => Credential::Bad(unknown_key()),
        })
    }
}

/// The contract's table of http auth, and impersonation on top of it. Pure.
fn decide(
    target: &Target,
    auth: HttpAuth,
    credential: ApiResult<Credential>,
    as_user: Option<String>,
) -> ApiResult<(Caller, Identity)> {
    let function = &target.function;
    let service_key = match &credential {
        Ok(Credential::Key(key)) if *key.app_id == *function.app_id && key.kind == ApiKeyKind::Service => {
            Some(Arc::clone(key))
        }
        _ => None,
    };
    if let Some(key) = service_key {
        if !key.scopes.contains(&Scope::Invoke) {
            return Err(forbidden("the key lacks the scope `invoke`"));
        }
        let caller = Caller::service_key(key.id.clone(), &key.scopes);
        return impersonate(caller, as_user, function.settings.allow_service_key_impersonation);
    }
    if as_user.is_some() {
        return Err(ApiError::new(
            Code::AuthImpersonationForbidden,
            "X-Butterbase-As-User needs a service key of this app",
        ));
    }
    match credential {
        Ok(Credential::User(user)) => Ok((Caller::end_user(&user), Identity::User { id: user.id.clone() })),
        credential => anonymous(target, auth, credential),
    }
}

/// Callers with neither a service key of the app nor a good token.
fn anonymous(
    target: &Target,
    auth: HttpAuth,
    credential: ApiResult<Credential>,
) -> ApiResult<(Caller, Identity)> {
    let nobody = || (Caller::anonymous(None), Identity::Service);
    // The anon key says which app's client this is, not who uses it.
    let client = match &credential {
        Ok(Credential::Key(key)) if *key.app_id == *target.function.app_id => {
            Some((Caller::anonymous(Some(key.id.clone())), Identity::Anon))
        }
        _ => None,
    };
    match (auth, client) {
        (HttpAuth::None | HttpAuth::Optional, Some(client)) => return Ok(client),
        (HttpAuth::Required, Some(_)) => return Err(required()),
        // With `none` nobody's credentials matter, not even whether they could be looked up.
        (HttpAuth::None, None) => return Ok(nobody()),
        (HttpAuth::Optional | HttpAuth::Required, None) => {}
    }
    match credential? {
        Credential::None if auth == HttpAuth::Optional => Ok(nobody()),
        Credential::None => Err(required()),
        Credential::Key(_) | Credential::Admin => {
            Err(ApiError::new(Code::AuthInvalidApiKey, "the key is not one of this app's"))
        }
        Credential::User(_) => Err(ApiError::internal("a user is not anonymous")),
        Credential::Bad(error) => Err(error),
    }
}

/// A service key, as itself or as a user.
pub fn impersonate(
    mut caller: Caller,
    as_user: Option<String>,
    allowed: bool,
) -> ApiResult<(Caller, Identity)> {
    match as_user {
        None => Ok((caller, Identity::Service)),
        Some(_) if !allowed => Err(ApiError::new(
            Code::AuthImpersonationDisabled,
            "this function does not let a service key act as a user",
        )),
        Some(id) => {
            caller.user_id = Some(id.clone());
            Ok((caller, Identity::User { id }))
        }
    }
}

fn forbidden(message: &str) -> ApiError {
    ApiError::new(Code::AuthForbidden, message.to_owned())
}

fn unknown_key() -> ApiError {
    ApiError::new(Code::AuthInvalidApiKey, "the key is unknown or revoked")
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
