//! Checks credentials against what a route or a function's trigger asks for.

use std::sync::Arc;

use http::request::Parts;
use mayfly_api::access::{Manager, Requirement};
use mayfly_api::apps::AppState;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::keys::{ApiKeyKind, Shape};
use mayfly_api::scope::Scope;
use mayfly_api::triggers::HttpAuth;
use mayfly_jwt::token::TokenFault;
use mayfly_store::{ApiKey, Store};
use mayfly_tenant_db::identity::Identity;

use super::access::{AppAgent, CallAccess, ClientAccess};
use super::admin::AdminKey;
use super::bearer::{Bearer, as_user, in_query, pinned_version, refused, required};
use super::caller::{Caller, CallerKind, EndUser, impersonate};
use super::key_cache::KeyCache;
use super::verifier::TokenVerifier;
use crate::functions::{CachedFunction, FunctionCache, ResolvedCall, choose_version};

/// Decides who may. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Authenticator {
    shared: Arc<AuthenticatorParts>,
}

/// What an [`Authenticator`] works with.
#[derive(Debug)]
pub struct AuthenticatorParts {
    /// The platform's tables.
    pub store: Store,
    /// The operator's key.
    pub admin: AdminKey,
    /// API keys.
    pub keys: KeyCache,
    /// End users' tokens.
    pub tokens: TokenVerifier,
    /// For calls that ask for a version.
    pub functions: FunctionCache,
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
    /// One over these parts.
    pub fn new(parts: AuthenticatorParts) -> Self {
        Self { shared: Arc::new(parts) }
    }

    /// Authorize a management request; `None`: anyone may make it.
    ///
    /// # Errors
    /// 401, 403, or 404 for another tenant's app: its existence does not leak.
    pub async fn check(
        &self,
        requirement: Requirement,
        app: Option<&str>,
        head: &Parts,
    ) -> ApiResult<Option<Manager>> {
        match requirement {
            // A client is checked where its socket is opened.
            Requirement::Open | Requirement::Client => Ok(None),
            Requirement::Admin => self.check_admin(head).await.map(Some),
            Requirement::Key => self.check_key(head).await.map(Some),
            Requirement::App(scope) => {
                self.check_manager(app.unwrap_or_default(), scope, head).await.map(Some)
            }
            Requirement::Agent => {
                // Who it is, what serves it asks once more.
                self.check_agent(app.unwrap_or_default(), head).await.map(|agent| agent.manager)
            }
            Requirement::Function => {
                Err(ApiError::internal("a call is authorized by its function's trigger"))
            }
        }
    }

    /// Authorize a call of a resolved function, and choose the version that it runs.
    ///
    /// # Errors
    /// 401 and 403 by the contract's table; 404 for a version that is asked for and not there.
    pub async fn check_call(&self, resolved: ResolvedCall, head: &Parts) -> ApiResult<CallAccess> {
        let ResolvedCall { function, auth } = resolved;
        let app = Arc::clone(&function.function.app_id);
        let credential = self.credential(Some(&app), head).await;
        let (caller, identity) = decide(&function, auth, credential, as_user(&head.headers)?)?;
        let function = match pinned_version(&head.headers)? {
            None => choose_version(function, caller.user_id.as_deref()),
            Some(version) if caller.kind == CallerKind::ServiceKey => {
                self.shared.functions.by_version(&app, &function.function.function_name, version).await?
            }
            Some(_) => return Err(forbidden("X-Mayfly-Version needs a service key of this app")),
        };
        Ok(CallAccess { function, caller, identity })
    }

    /// Authorize a client of an app's socket, by the credential that it showed.
    ///
    /// # Errors
    /// 401, and 403 for a key without the scope `invoke`.
    pub async fn check_client(&self, app: &str, bearer: &str) -> ApiResult<ClientAccess> {
        match self.look_up(Some(app), bearer).await? {
            Credential::User(user) => Ok(ClientAccess {
                caller: Caller::end_user(&user),
                identity: Identity::User { id: user.id.clone() },
                ends: Some(user.ends),
            }),
            Credential::Key(key) if key.app_id == app && key.kind == ApiKeyKind::Anon => Ok(ClientAccess {
                caller: Caller::anonymous(Some(key.id.clone())),
                identity: Identity::Anon,
                ends: None,
            }),
            Credential::Key(key) if key.app_id == app && key.scopes.contains(&Scope::Invoke) => {
                let caller = Caller::service_key(key.id.clone(), &key.scopes);
                Ok(ClientAccess { caller, identity: Identity::Service, ends: None })
            }
            Credential::Key(key) if key.app_id == app => Err(forbidden("the key lacks the scope `invoke`")),
            Credential::Key(_) | Credential::Admin => Err(foreign_key()),
            Credential::None => Err(required()),
            Credential::Bad(error) => Err(error),
        }
    }

    /// Authorize a caller of an app's tools: by a service key of the app, or as one of its end users.
    ///
    /// # Errors
    /// 401, 403, or 404 for another tenant's app.
    pub async fn check_agent(&self, app: &str, head: &Parts) -> ApiResult<AppAgent> {
        let agent = match self.credential(Some(app), head).await? {
            Credential::User(user) => AppAgent::end_user(&user),
            Credential::Bad(error) => return Err(error),
            _ => {
                let manager = self.check_manager(app, Scope::Invoke, head).await?;
                return AppAgent::manager(manager, as_user(&head.headers)?);
            }
        };
        match as_user(&head.headers)? {
            None => Ok(agent),
            Some(_) => Err(ApiError::new(
                Code::AuthImpersonationForbidden,
                "X-Butterbase-As-User needs a service key of this app",
            )),
        }
    }

    async fn check_admin(&self, head: &Parts) -> ApiResult<Manager> {
        match self.credential(None, head).await? {
            Credential::Admin => Ok(Manager::Admin),
            Credential::Key(_) => Err(forbidden("this needs the operator's key")),
            Credential::None => Err(required()),
            Credential::User(_) => Err(refused(TokenFault::NotAKey)),
            Credential::Bad(error) => Err(error),
        }
    }

    /// The operator or any service key: what they ask for inside is authorized there.
    async fn check_key(&self, head: &Parts) -> ApiResult<Manager> {
        match self.credential(None, head).await? {
            Credential::Admin => Ok(Manager::Admin),
            Credential::Key(key) if key.kind == ApiKeyKind::Anon => {
                Err(forbidden("an anon key has no rights on management"))
            }
            Credential::Key(key) => Ok(Manager::Key { id: key.id.clone(), scopes: key.scopes.clone() }),
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
        match self.shared.store.apps().get(app).await? {
            Some(app) if app.state == AppState::Ready => Ok(()),
            Some(_) => Err(ApiError::new(
                Code::StatePrerequisiteMissing,
                "the app is being made or deleted; wait until it is ready",
            )),
            None => Err(ApiError::not_found("the app")),
        }
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
        self.look_up(app, bearer).await
    }

    async fn look_up(&self, app: Option<&str>, bearer: &str) -> ApiResult<Credential> {
        match (mayfly_api::keys::shape(bearer), app) {
            (None, None) => Ok(Credential::Bad(refused(TokenFault::NotAKey))),
            (None, Some(app)) => Ok(match self.shared.tokens.verify(app, bearer).await? {
                Ok(user) => Credential::User(user),
                Err(fault) => Credential::Bad(refused(fault)),
            }),
            (Some(Shape::Admin), _) if self.shared.admin.verify(bearer) => Ok(Credential::Admin),
            (Some(Shape::Admin), _) => Ok(Credential::Bad(unknown_key())),
            // Unknown and revoked look alike to everyone but the owner, who has the list of keys.
            (Some(Shape::App), _) => Ok(match self.shared.keys.find(bearer).await? {
                Some(key) if key.revoked_at.is_none() => Credential::Key(key),
                Some(_) | None => Credential::Bad(unknown_key()),
            }),
        }
    }
}

/// The contract's table of http auth, and impersonation on top of it. Pure.
fn decide(
    cached: &CachedFunction,
    auth: HttpAuth,
    credential: ApiResult<Credential>,
    as_user: Option<String>,
) -> ApiResult<(Caller, Identity)> {
    let function = &cached.function;
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
        credential => anonymous(cached, auth, credential),
    }
}

/// Callers with neither a service key of the app nor a good token.
fn anonymous(
    function: &CachedFunction,
    auth: HttpAuth,
    credential: ApiResult<Credential>,
) -> ApiResult<(Caller, Identity)> {
    let anyone = || (Caller::anonymous(None), Identity::Service);
    // The anon key says which app's client this is, not who uses it.
    let client = match &credential {
        Ok(Credential::Key(key)) if *key.app_id == *function.function.app_id => {
            Some((Caller::anonymous(Some(key.id.clone())), Identity::Anon))
        }
        _ => None,
    };
    match (auth, client) {
        (HttpAuth::None | HttpAuth::Optional, Some(client)) => return Ok(client),
        (HttpAuth::Required, Some(_)) => return Err(required()),
        // With `none` credentials do not matter, not even whether they could be looked up.
        (HttpAuth::None, None) => return Ok(anyone()),
        (HttpAuth::Optional | HttpAuth::Required, None) => {}
    }
    match credential? {
        Credential::None if auth == HttpAuth::Optional => Ok(anyone()),
        Credential::None => Err(required()),
        Credential::Key(_) | Credential::Admin => Err(foreign_key()),
        Credential::User(_) => Err(ApiError::internal("a user is not anonymous")),
        Credential::Bad(error) => Err(error),
    }
}

fn forbidden(message: &str) -> ApiError {
    ApiError::new(Code::AuthForbidden, message.to_owned())
}

fn foreign_key() -> ApiError {
    ApiError::new(Code::AuthInvalidApiKey, "the key is not one of this app's")
}

fn unknown_key() -> ApiError {
    ApiError::new(Code::AuthInvalidApiKey, "the key is unknown or revoked")
}

#[cfg(test)]
mod tests;
