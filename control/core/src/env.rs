//! Environment variables: encrypted before they are stored, and decrypted for sandboxes alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::env::{EnvFunction, EnvNames, EnvUpdated, PatchEnv, VALUE_BYTES_MAX, VARIABLES_MAX};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::names;
use mayfly_api::routes::{EnvGet, EnvPatch, FunctionEnvPatch};
use mayfly_common::clock;
use mayfly_secrets::KeyRing;
use mayfly_store::{Function, Store};

use crate::functions::FunctionCache;

/// What a change is answered with, for people.
const MESSAGE: &str = "Environment updated";

/// The app's anon key, among its variables: only the platform sets names of this beginning.
pub const ANON_KEY: &str = "BUTTERBASE_ANON_KEY";

/// Use cases of the environment.
#[derive(Debug, Clone)]
pub struct Env {
    /// The platform's tables.
    pub store: Store,
    /// Encrypts values.
    pub keyring: Arc<KeyRing>,
    /// Told of what changed.
    pub function_cache: FunctionCache,
}

impl Handler<EnvGet> for Env {
    async fn handle(&self, call: ApiCall<EnvGet>) -> ApiResult<EnvNames> {
        Ok(EnvNames { keys: visible(self.store.env().get(&call.context.app, None).await?.into_keys()) })
    }
}

impl Handler<EnvPatch> for Env {
    async fn handle(&self, call: ApiCall<EnvPatch>) -> ApiResult<EnvUpdated> {
        let updated_keys = self.patch(&call.context.app, None, change_of(call.body.0)?).await?;
        Ok(EnvUpdated { message: MESSAGE.to_owned(), function: None, updated_keys })
    }
}

impl Handler<FunctionEnvPatch> for Env {
    async fn handle(&self, call: ApiCall<FunctionEnvPatch>) -> ApiResult<EnvUpdated> {
        let change = change_of(call.body.0)?;
        let (app, name) = (&call.context.app, call.context.name());
        let found = self.store.functions().get(app, name).await?;
        let function = found.ok_or_else(|| ApiError::not_found("the function"))?;
        let updated_keys = self.patch(app, Some(&function), change).await?;
        Ok(EnvUpdated {
            message: MESSAGE.to_owned(),
            function: Some(EnvFunction {
                id: function.id,
                name: function.name,
                updated_at: clock::now().into(),
            }),
            updated_keys,
        })
    }
}

/// Changes by name; `None` deletes.
pub type EnvChange = BTreeMap<String, Option<String>>;

impl Env {
    /// The names of a function's variables.
    pub async fn function_names(&self, function: &Function) -> ApiResult<Vec<String>> {
        Ok(visible(self.store.env().get(&function.app_id, Some(&function.id)).await?.into_keys()))
    }

    /// Change variables of the app, or of a function. Says which names there are afterwards.
    async fn patch(
        &self,
        app: &str,
        function: Option<&Function>,
        change: EnvChange,
    ) -> ApiResult<Vec<String>> {
        let id = function.map(|function| function.id.as_str());
        let there = self.store.env().get(app, id).await?;
        check_count(there.keys(), &change)?;
        let encrypted = self.encrypt_change(app, function.map(|function| function.name.as_str()), change)?;
        let names = self.store.env().merge(app, id, &encrypted).await?;
        self.function_cache.invalidate(app);
        Ok(visible(names))
    }

    /// Encrypt all variables of a function that is being deployed.
    pub fn encrypt_all(
        &self,
        app: &str,
        function: &str,
        env: BTreeMap<String, String>,
    ) -> ApiResult<BTreeMap<String, String>> {
        env.into_iter()
            .map(|(name, value)| {
                let encrypted = self.keyring.encrypt(app, Some(function), &name, &value)?;
                Ok((name, encrypted))
            })
            .collect()
    }

    fn encrypt_change(&self, app: &str, function: Option<&str>, change: EnvChange) -> ApiResult<EnvChange> {
        change
            .into_iter()
            .map(|(name, value)| {
                let encrypted =
                    value.map(|value| self.keyring.encrypt(app, function, &name, &value)).transpose()?;
                Ok((name, encrypted))
            })
            .collect()
    }
}

/// The changes that were asked for, each checked.
fn change_of(patch: PatchEnv) -> ApiResult<EnvChange> {
    if patch.env_vars.is_empty() {
        return Err(ApiError::invalid("envVars", "must name at least one variable"));
    }
    check_all(&patch.env_vars)?;
    Ok(patch.env_vars)
}

/// Check names and values, of which there may be none.
pub(crate) fn check_all<T: AsText>(vars: &BTreeMap<String, T>) -> ApiResult<()> {
    if vars.len() > VARIABLES_MAX {
        return Err(ApiError::invalid("envVars", format!("may have {VARIABLES_MAX} variables at most")));
    }
    for (name, value) in vars {
        let path = format!("envVars.{name}");
        check_name(&path, name)?;
        if value.text().is_some_and(|text| text.len() > VALUE_BYTES_MAX || text.contains('\0')) {
            let message = format!("may have {VALUE_BYTES_MAX} bytes at most, and no NUL");
            return Err(ApiError::invalid(&path, message));
        }
    }
    Ok(())
}

/// A value that is one, or perhaps none.
pub(crate) trait AsText {
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
    if stays + comes > VARIABLES_MAX {
        return Err(ApiError::invalid("envVars", format!("there may be {VARIABLES_MAX} variables at most")));
    }
    Ok(())
}

/// Without the platform's own.
fn visible(names: impl IntoIterator<Item = String>) -> Vec<String> {
    names.into_iter().filter(|name| !names::is_reserved_env_name(name)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(sent: &Value) -> ApiResult<EnvChange> {
        mayfly_api::decode::body(sent.to_string().as_bytes()).and_then(change_of)
    }

    #[test]
    fn a_change_is_read_strictly() {
        let change = read(&json!({"envVars": {"A": "1", "B": null}})).unwrap();
        assert_eq!(change, BTreeMap::from([("A".into(), Some("1".into())), ("B".into(), None)]));
        for (sent, path) in [
            (json!({}), "envVars: is required"),
            (json!({"envVars": {}}), "envVars: must name"),
            (json!({"envVars": []}), "envVars: expected an object"),
            (json!({"envVars": {"A": 1}}), "envVars.A: expected a string, found a number"),
            (json!({"envVars": {"1A": "x"}}), "envVars.1A: a name"),
            (json!({"envVars": {"": "x"}}), "envVars.: a name"),
            (json!({"envVars": {"butterbase_x": "x"}}), "envVars.butterbase_x: names that begin"),
            (json!({"envVars": {"Mayfly_x": null}}), "envVars.Mayfly_x: names that begin"),
            (json!({"envVars": {"A": "x".repeat(VALUE_BYTES_MAX + 1)}}), "envVars.A: may have 5120 bytes"),
            (json!({"envVars": {"A": "a\u{0}b"}}), "envVars.A: may have"),
            (json!({"env": {"A": "1"}}), "env: is not a known field"),
        ] {
            let error = read(&sent).unwrap_err();
            assert!(error.message().starts_with(path), "{sent}: {}", error.message());
        }
        assert!(read(&json!({"envVars": {"A": "x".repeat(VALUE_BYTES_MAX)}})).is_ok());
    }

    #[test]
    fn there_is_a_bound_on_how_many_there_are() {
        let there: Vec<String> = (0..VARIABLES_MAX).map(|n| format!("V{n}")).collect();
        let set = |name: &str| EnvChange::from([(name.to_owned(), Some(String::new()))]);
        assert!(check_count(there.iter(), &set("V0")).is_ok());
        assert!(check_count(there.iter(), &set("NEW")).is_err());
        let swap = EnvChange::from([("NEW".into(), Some(String::new())), ("V0".into(), None)]);
        assert!(check_count(there.iter(), &swap).is_ok());
        let many: BTreeMap<String, String> =
            (0..=VARIABLES_MAX).map(|n| (format!("V{n}"), String::new())).collect();
        assert!(check_all(&many).is_err());
    }
}
