//! `AppHosts`: whose a host is that a request is sent to, in memory: before a request is known to be anybody's, nothing waits.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use mayfly_api::config::HostSpec;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::hosts::HostOwner;
use mayfly_api::names;
use mayfly_api::value::{List, Object};
use mayfly_store::{HostsStamp, Store, StoreError};

/// In a host's name an underscore cannot stand: `app-0123456789ab` is the app `app_0123456789ab`.
const ID_PREFIX: &str = "app-";

/// Finds the app of a host. Cheap to clone.
#[derive(Clone)]
pub struct AppHosts {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    /// Below which a name is an app's or unknown.
    domain: Option<Box<str>>,
    /// The server's own names, which no app can have.
    own: Vec<Box<str>>,
    named: RwLock<Arc<Named>>,
    /// Of what is in `named`.
    stamp: Mutex<Option<HostsStamp>>,
    /// The app of a server that has one alone.
    home: OnceLock<Arc<str>>,
}

/// The hosts that apps have of their own.
type Named = HashMap<Box<str>, HostOwner>;

impl AppHosts {
    /// The hosts in this store, below this domain; `own` are the server's.
    pub fn new(store: Store, domain: Option<&str>, own: &[&str]) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                domain: domain.map(Into::into),
                own: own.iter().map(|host| (*host).into()).collect(),
                named: RwLock::default(),
                stamp: Mutex::default(),
                home: OnceLock::new(),
            }),
        }
    }

    /// Whose a host is, by its name in lower case without a port.
    pub fn owner(&self, host: &str) -> HostOwner {
        let shared = &*self.shared;
        // The server's own name may stand below the apps' domain.
        if self.is_own(host) {
            return HostOwner::Server;
        }
        let named = Arc::clone(&shared.named.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(owner) = named.get(host) {
            return owner.clone();
        }
        match self.label(host) {
            None => HostOwner::Server,
            Some(label) => app_of(label)
                .map_or(HostOwner::Unknown, |app| HostOwner::App { app: app.into(), function: None }),
        }
    }

    /// The app of a server that has one alone: what is no route of the server's is its function.
    pub fn home(&self) -> Option<Arc<str>> {
        self.shared.home.get().cloned()
    }

    /// The server has this app alone.
    pub fn set_home(&self, app: &str) {
        let _ = self.shared.home.set(app.into());
    }

    /// Looks at the store again, where that has changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let shared = &*self.shared;
        // Read before the rows: what changes in between is seen the next time.
        let stamp = shared.store.hosts().stamp().await?;
        if *shared.stamp.lock().unwrap_or_else(PoisonError::into_inner) == Some(stamp) {
            return Ok(());
        }
        let rows = shared.store.hosts().list().await?;
        let named: Named = rows
            .into_iter()
            .map(|row| {
                let owner = HostOwner::App { app: row.app_id.into(), function: row.function.map(Into::into) };
                (row.host.into(), owner)
            })
            .collect();
        *shared.named.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(named);
        *shared.stamp.lock().unwrap_or_else(PoisonError::into_inner) = Some(stamp);
        Ok(())
    }

    /// Gives an app these hosts. An owner may have names below the apps' domain; any other one is the operator's to give,
    /// and to leave.
    ///
    /// # Errors
    /// When a host is not for this app.
    pub async fn replace(
        &self,
        app: &str,
        wanted: List<Object<HostSpec>, 0, 10>,
        by_operator: bool,
    ) -> ApiResult<()> {
        let present = self.shared.store.hosts().of_app(app).await?;
        let mut hosts: Vec<(String, Option<String>)> = Vec::new();
        for (place, Object(spec)) in wanted.into_vec().into_iter().enumerate() {
            let path = format!("hosts[{place}].host");
            let host = spec.host.into_string();
            if hosts.iter().any(|(known, _)| *known == host) {
                return Err(ApiError::invalid(&path, "is there twice"));
            }
            let is_kept = present.iter().any(|row| row.host == host);
            self.check(&host, &path, by_operator || is_kept)?;
            hosts.push((host, spec.function.map(|name| name.into_string())));
        }
        self.shared.store.hosts().replace(app, &hosts).await?;
        Ok(self.refresh().await?)
    }

    fn check(&self, host: &str, path: &str, is_trusted: bool) -> ApiResult<()> {
        let domain = self.shared.domain.as_deref();
        if self.is_own(host) || domain == Some(host) {
            return Err(ApiError::invalid(path, "is the server's own"));
        }
        match self.label(host) {
            Some(label) if label.contains('.') => {
                Err(ApiError::invalid(path, "has more than one name before the apps' domain"))
            }
            Some(label) if label.starts_with(ID_PREFIX) => {
                Err(ApiError::invalid(path, "begins as the names that apps have by their ids"))
            }
            Some(_) => Ok(()),
            None if is_trusted => Ok(()),
            None => {
                let below = domain.map_or_else(
                    || "this server has no domain for apps (--apps-domain)".to_owned(),
                    |domain| format!("an owner may choose a name below {domain}"),
                );
                let message = format!("{path}: {host} is the operator's to give: {below}");
                Err(ApiError::new(Code::AuthForbidden, message))
            }
        }
    }

    fn is_own(&self, host: &str) -> bool {
        self.shared.own.iter().any(|own| **own == *host)
    }

    /// What stands before the apps' domain.
    fn label<'a>(&self, host: &'a str) -> Option<&'a str> {
        host.strip_suffix(self.shared.domain.as_deref()?)?.strip_suffix('.')
    }
}

/// The app that a label names by its id.
fn app_of(label: &str) -> Option<String> {
    let app = format!("app_{}", label.strip_prefix(ID_PREFIX)?);
    names::is_app_id(&app).then_some(app)
}

impl fmt::Debug for AppHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppHosts").field("domain", &self.shared.domain).finish_non_exhaustive()
    }
}
