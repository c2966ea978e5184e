//! Environment variables: sealed before they are stored, and never read back by anyone but a sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::invoke::Targets;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::fields::Fields;
use mayfly_api::names;
use mayfly_secrets::KeyRing;
use mayfly_store::{Function, Store};

/// Variables of one function, or of one app.
pub const COUNT_MAX: usize = 128;
/// One value.
pub const VALUE_BYTES_MAX: usize = 5 << 10;
/// The app's anon key, among its variables: only the platform sets names of this beginning.
pub const ANON_KEY: &str = "BUTTERBASE_ANON_KEY";

/// Use cases of the environment.
#[derive(Debug, Clone)]
pub struct Env {
    /// The platform's tables.
    pub store: Store,
    /// Seals values.
    pub keyring: Arc<KeyRing>,
    /// Told of what changed.
    pub targets: Targets,
}

/// Changes by name; `None` deletes.
pub type EnvChange = BTreeMap<String, Option<String>>;

impl Env {
    /// The names of the app's own variables.
    pub async fn app_names(&self, app: &str) -> ApiResult<Vec<String>> {
        Ok(visible(self.store.env().get(app, None).await?.into_keys()))
    }

    /// The names of a function's variables.
    pub async fn function_names(&self, function: &Function) -> ApiResult<Vec<String>> {
        Ok(visible(self.store.env().get(&function.app_id, Some(&function.id)).await?.into_keys()))
    }

    /// Change variables of the app. Says which names there are afterwards.
    pub async fn patch_app(&self, app: &str, change: EnvChange) -> ApiResult<Vec<String>> {
        let there = self.store.env().get(app, None).await?;
        check_count(there.keys(), &change)?;
        let sealed = self.seal_change(app, None, change)?;
        let names = self.store.env().merge(app, None, &sealed).await?;
        self.targets.invalidate(app);
        Ok(visible(names))
    }

    /// Change variables of a function. Says which names there are afterwards.
    pub async fn patch_function(&self, function: &Function, change: EnvChange) -> ApiResult<Vec<String>> {
        let app = &function.app_id;
        let there = self.store.env().get(app, Some(&function.id)).await?;
        check_count(there.keys(), &change)?;
        let sealed = self.seal_change(app, Some(&function.name), change)?;
        let names = self.store.env().merge(app, Some(&function.id), &sealed).await?;
        self.targets.invalidate(app);
        Ok(visible(names))
    }

    /// Seal all variables of a function that is being deployed.
    pub fn seal_all(
        &self,
        app: &str,
        function: &str,
        env: BTreeMap<String, String>,
    ) -> ApiResult<BTreeMap<String, String>> {
        env.into_iter()
            .map(|(name, value)| {
                let sealed = self.keyring.encrypt(app, Some(function), &name, &value)?;
                Ok((name, sealed))
            })
            .collect()
    }

    fn seal_change(&self, app: &str, function: Option<&str>, change: EnvChange) -> ApiResult<EnvChange> {
        change
            .into_iter()
            .map(|(name, value)| {
                let sealed =
                    value.map(|value| self.keyring.encrypt(app, function, &name, &value)).transpose()?;
                Ok((name, sealed))
            })
            .collect()
    }
}

/// Read `{envVars: {NAME: value | null}}`.
pub fn read_change(body: Value) -> ApiResult<EnvChange> {
    let mut fields = Fields::of(body, "")?;
    let vars = fields.object("envVars")?.ok_or_else(|| fields.missing("envVars"))?;
    fields.finish()?;
    if vars.is_empty() {
        return Err(ApiError::invalid("envVars", "must name at least one variable"));
    }
    read_vars(vars, |value| match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(text)),
        _ => None,
    })
}

/// Read the variables of a deploy, where every one has a value.
pub fn read_all(vars: Map<String, Value>) -> ApiResult<BTreeMap<String, String>> {
    read_vars(vars, |value| match value {
        Value::String(text) => Some(text),
        _ => None,
    })
}

fn read_vars<T: AsText>(
    vars: Map<String, Value>,
    read: impl Fn(Value) -> Option<T>,
) -> ApiResult<BTreeMap<String, T>> {
    if vars.len() > COUNT_MAX {
        return Err(ApiError::invalid("envVars", format!("may have {COUNT_MAX} variables at most")));
    }
    let mut env = BTreeMap::new();
    for (name, value) in vars {
        let path = format!("envVars.{name}");
        check_name(&path, &name)?;
        let value = read(value).ok_or_else(|| ApiError::invalid(&path, "must be a string"))?;
        if value.text().is_some_and(|text| text.len() > VALUE_BYTES_MAX || text.contains('\0')) {
            let message = format!("may have {VALUE_BYTES_MAX} bytes at most, and no NUL");
            return Err(ApiError::invalid(&path, message));
        }
        env.insert(name, value);
    }
    Ok(env)
}

/// A value that is one, or perhaps none.
trait AsText {
    fn text(&self) -> Option<&str>;
}

impl AsText for String {
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl AsText for Option<String> {
    fn text(&self) -> Option<&str> {
        self.as_deref()
    }
}

fn check_name(path: &str, name: &str) -> ApiResult<()> {
    if !names::is_env_name(name) {
        return Err(ApiError::invalid(path, "a name must match ^[A-Za-z_][A-Za-z0-9_]{0,127}$"));
    }
    if names::is_reserved_env_name(name) {
        return Err(ApiError::invalid(
            path,
            "names that begin with BUTTERBASE_ or MAYFLY_ are the platform's",
        ));
    }
    Ok(())
}

fn check_count<'a>(there: impl Iterator<Item = &'a String>, change: &EnvChange) -> ApiResult<()> {
    let stays =
        there.filter(|name| !change.contains_key(*name) && !names::is_reserved_env_name(name)).count();
    let comes = change.values().flatten().count();
    if stays + comes > COUNT_MAX {
        return Err(ApiError::invalid("envVars", format!("there may be {COUNT_MAX} variables at most")));
    }
    Ok(())
}

/// Without the platform's own.
fn visible(names: impl IntoIterator<Item = String>) -> Vec<String> {
    names.into_iter().filter(|name| !names::is_reserved_env_name(name)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_read_strictly() {
        let change = read_change(json!({"envVars": {"A": "1", "B": null}})).unwrap();
        assert_eq!(change, BTreeMap::from([("A".into(), Some("1".into())), ("B".into(), None)]));
        for (body, path) in [
            (json!({}), "envVars: is required"),
            (json!({"envVars": {}}), "envVars: must name"),
            (json!({"envVars": []}), "envVars: expected an object"),
            (json!({"envVars": {"A": 1}}), "envVars.A: must be a string"),
            (json!({"envVars": {"1A": "x"}}), "envVars.1A: a name"),
            (json!({"envVars": {"": "x"}}), "envVars.: a name"),
            (json!({"envVars": {"butterbase_x": "x"}}), "envVars.butterbase_x: names that begin"),
            (json!({"envVars": {"Mayfly_x": null}}), "envVars.Mayfly_x: names that begin"),
            (json!({"envVars": {"A": "x".repeat(VALUE_BYTES_MAX + 1)}}), "envVars.A: may have 5120 bytes"),
            (json!({"envVars": {"A": "a\u{0}b"}}), "envVars.A: may have"),
            (json!({"env": {"A": "1"}}), "envVars: is required"),
        ] {
            let error = read_change(body.clone()).unwrap_err();
            assert!(error.message().starts_with(path), "{body}: {}", error.message());
        }
        assert!(read_change(json!({"envVars": {"A": "x".repeat(VALUE_BYTES_MAX)}})).is_ok());
        assert!(read_all(json!({"A": null}).as_object().unwrap().clone()).is_err());
    }

    #[test]
    fn there_is_a_bound_on_how_many_there_are() {
        let there: Vec<String> = (0..COUNT_MAX).map(|n| format!("V{n}")).collect();
        let set = |name: &str| EnvChange::from([(name.to_owned(), Some(String::new()))]);
        assert!(check_count(there.iter(), &set("V0")).is_ok());
        assert!(check_count(there.iter(), &set("NEW")).is_err());
        let swap = EnvChange::from([("NEW".into(), Some(String::new())), ("V0".into(), None)]);
        assert!(check_count(there.iter(), &swap).is_ok());
        let many: Map<String, Value> = (0..=COUNT_MAX).map(|n| (format!("V{n}"), json!(""))).collect();
        assert!(read_all(many).is_err());
    }
}
