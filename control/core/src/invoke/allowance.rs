//! `Allowance`: what an invocation may do of what its identity could. Everything that it is granted asks here.

mod read_only;

use std::sync::Arc;

use mayfly_api::functions::AgentToolMode;
use mayfly_api::hosts::HostPattern;
use mayfly_api::run::{AccessMode, RunCapabilities};
use mayfly_api::value::{List, Pattern};
use mayfly_egress::EgressLists;
use mayfly_runtime::providers::{Database, Environment, GuestError};

use read_only::ReadOnlyDatabase;

/// Methods that only look.
const LOOKING: [&str; 2] = ["GET", "HEAD"];
/// Operations of storage that only look.
const READING: [&str; 2] = ["get", "list"];

/// What an invocation may do. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Allowance(Option<Arc<Rules>>);

#[derive(Debug)]
struct Rules {
    database: AccessMode,
    storage: AccessMode,
    env: Names,
    hosts: Option<Vec<HostPattern>>,
    methods: Names,
    functions: Names,
    enqueue: Names,
    realtime: bool,
}

/// Some names, or every one.
#[derive(Debug)]
enum Names {
    All,
    Only(Vec<String>),
}

impl Names {
    fn none() -> Self {
        Self::Only(Vec::new())
    }

    fn of<R, const MIN: usize, const MAX: usize>(list: &Option<List<Pattern<R>, MIN, MAX>>) -> Self {
        Self::Only(list.iter().flat_map(|names| names.iter()).map(|name| name.to_string()).collect())
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|known| known == name),
        }
    }
}

impl Allowance {
    /// All that the identity may.
    pub fn full() -> Self {
        Self(None)
    }

    /// Only looking: nothing that the invocation does changes anything, here or elsewhere.
    pub fn read_only() -> Self {
        Self(Some(Arc::new(Rules {
            database: AccessMode::ReadOnly,
            storage: AccessMode::ReadOnly,
            env: Names::All,
            hosts: None,
            methods: Names::Only(LOOKING.map(str::to_owned).to_vec()),
            functions: Names::All,
            enqueue: Names::none(),
            realtime: false,
        })))
    }

    /// What an agent may do through a tool of this mode.
    pub fn of_tool(mode: AgentToolMode) -> Self {
        match mode {
            AgentToolMode::ReadOnly => Self::read_only(),
            AgentToolMode::ReadWrite => Self::full(),
        }
    }

    /// What code that runs once asked for: nothing else.
    pub fn of_run(wanted: &RunCapabilities) -> Self {
        let methods = match &wanted.fetch_methods {
            None => Names::All,
            Some(methods) => Names::Only(methods.iter().map(|method| method.as_str().to_owned()).collect()),
        };
        let hosts = wanted.fetch.as_ref().map(|hosts| hosts.to_vec());
        let env = wanted.env.iter().flat_map(|names| names.iter()).map(|name| name.to_string()).collect();
        Self(Some(Arc::new(Rules {
            database: wanted.db.unwrap_or_default(),
            storage: wanted.storage.unwrap_or_default(),
            env: Names::Only(env),
            hosts: Some(hosts.unwrap_or_default()),
            methods,
            functions: Names::of(&wanted.functions),
            enqueue: Names::of(&wanted.enqueue),
            realtime: wanted.broadcast.unwrap_or_default(),
        })))
    }

    /// Of a function that the invocation calls: what only looks calls what only looks; else that function's own.
    pub(super) fn of_sibling(&self) -> Self {
        match &self.0 {
            Some(rules) if rules.database == AccessMode::ReadOnly => Self::read_only(),
            Some(_) | None => Self::full(),
        }
    }

    pub(super) fn database(&self, database: Arc<dyn Database>) -> Option<Arc<dyn Database>> {
        match self.0.as_ref().map_or(AccessMode::ReadWrite, |rules| rules.database) {
            AccessMode::None => None,
            AccessMode::ReadOnly => Some(Arc::new(ReadOnlyDatabase(database))),
            AccessMode::ReadWrite => Some(database),
        }
    }

    /// Whether the database may be changed: claims of idempotency keys do.
    pub(super) fn changes_database(&self) -> bool {
        self.0.as_ref().is_none_or(|rules| rules.database == AccessMode::ReadWrite)
    }

    pub(super) fn env(&self, env: &Arc<Environment>) -> Arc<Environment> {
        match self.0.as_ref().map(|rules| &rules.env) {
            None | Some(Names::All) => Arc::clone(env),
            Some(Names::Only(names)) => Arc::new(
                names.iter().filter_map(|name| Some((name.clone(), env.get(name)?.clone()))).collect(),
            ),
        }
    }

    pub(super) fn egress(&self, lists: &Arc<EgressLists>) -> Arc<EgressLists> {
        match self.0.as_ref().and_then(|rules| rules.hosts.as_deref()) {
            None => Arc::clone(lists),
            Some(hosts) => Arc::new(lists.within(hosts)),
        }
    }

    pub(super) fn realtime(&self) -> bool {
        self.0.as_ref().is_none_or(|rules| rules.realtime)
    }

    /// Whether there is any function to store jobs for.
    pub(super) fn enqueues(&self) -> bool {
        self.0.as_ref().is_none_or(|rules| !matches!(&rules.enqueue, Names::Only(names) if names.is_empty()))
    }

    pub(super) fn check_enqueue(&self, function: &str) -> Result<(), GuestError> {
        self.check(|rules| rules.enqueue.has(function), || format!("ctx.enqueue: jobs for {function}"))
    }

    pub(super) fn check_method(&self, method: &str) -> Result<(), GuestError> {
        self.check(|rules| rules.methods.has(method), || format!("fetch: the method {method}"))
    }

    pub(super) fn check_function(&self, name: &str) -> Result<(), GuestError> {
        self.check(|rules| rules.functions.has(name), || format!("ctx.invoke: the function {name}"))
    }

    /// `rest` is a URL of storage behind its scheme.
    pub(super) fn check_storage(&self, rest: &str) -> Result<(), GuestError> {
        // Not decoded: what is spelt otherwise is refused.
        let operation = rest.split('/').next().unwrap_or_default();
        let allowed = |rules: &Rules| match rules.storage {
            AccessMode::None => false,
            AccessMode::ReadOnly => READING.contains(&operation),
            AccessMode::ReadWrite => true,
        };
        self.check(allowed, || format!("ctx.storage: the operation {operation}"))
    }

    fn check(&self, allowed: impl Fn(&Rules) -> bool, what: impl Fn() -> String) -> Result<(), GuestError> {
        match &self.0 {
            Some(rules) if !allowed(rules) => Err(denied(&what())),
            Some(_) | None => Ok(()),
        }
    }
}

/// What was tried, and that it may not be.
pub(super) fn denied(what: &str) -> GuestError {
    GuestError::new("CAPABILITY_DENIED", format!("{what} is beyond this invocation's capabilities"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(wanted: serde_json::Value) -> Allowance {
        Allowance::of_run(&mayfly_api::decode::value(wanted, "").unwrap())
    }

    #[test]
    fn what_is_not_asked_for_is_off() {
        let nothing = of(json!({}));
        assert!(!nothing.changes_database() && !nothing.realtime() && !nothing.enqueues());
        for refused in [
            nothing.check_enqueue("a"),
            nothing.check_function("a"),
            nothing.check_storage("get/b/k"),
            nothing.check_storage("list/b"),
        ] {
            assert_eq!(refused.unwrap_err().code, "CAPABILITY_DENIED");
        }
        let env: Arc<Environment> = Arc::new([("A".to_owned(), "1".to_owned().into())].into());
        assert!(nothing.env(&env).is_empty());
        assert_eq!(of(json!({ "env": ["A", "B"] })).env(&env).len(), 1);
    }

    #[test]
    fn what_is_asked_for_is_on_and_nothing_beside_it() {
        let some =
            of(json!({ "functions": ["a"], "enqueue": ["b"], "storage": "read_only", "broadcast": true,
            "fetch_methods": ["POST"], "db": "read_write" }));
        assert!(some.changes_database() && some.realtime() && some.enqueues());
        assert!(some.check_function("a").is_ok() && some.check_function("b").is_err());
        assert!(some.check_enqueue("b").is_ok() && some.check_enqueue("a").is_err());
        assert!(some.check_storage("get/b/k").is_ok() && some.check_storage("list/b").is_ok());
        for operation in ["put/b/k", "delete/b", "presign/b/k", "", "%67et/b/k", "GET/b"] {
            assert!(some.check_storage(operation).is_err(), "{operation}");
        }
        assert!(some.check_method("POST").is_ok() && some.check_method("GET").is_err());
    }

    #[test]
    fn what_only_looks_calls_what_only_looks() {
        let looks = Allowance::read_only();
        assert!(looks.check_function("any").is_ok() && looks.check_method("HEAD").is_ok());
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "BREW"] {
            assert!(looks.check_method(method).is_err(), "{method}");
        }
        assert!(!looks.of_sibling().changes_database() && !looks.of_sibling().of_sibling().enqueues());
        assert!(of(json!({ "db": "read_only" })).of_sibling().check_method("POST").is_err());
        assert!(of(json!({ "functions": ["a"] })).of_sibling().0.is_none());
        assert!(Allowance::full().of_sibling().0.is_none());
    }
}
