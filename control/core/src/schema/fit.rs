//! Whether functions still fit the schema: each version knows which state it was deployed against.

use std::collections::HashMap;

use mayfly_schema::apply::fingerprint;
use mayfly_schema::{Catalog, Declared, SchemaError, misfits};

use super::Schemas;
use mayfly_tenant_db::tenant::{TenantError, schema_rules_unbounded};

/// Differences that one warning names.
const NAMED_MAX: usize = 10;
/// Functions that are named.
const WARNINGS_MAX: usize = 100;

impl Schemas {
    /// The schema's fingerprint, for a version that is deployed against it. A deploy does not fail for want of it.
    pub async fn known_fingerprint(&self, app: &str) -> Option<String> {
        let read = self.tenants.fingerprint(app).await;
        read.inspect_err(|error| tracing::warn!(%error, app, "a deploy's schema is not known")).ok()
    }

    /// What a version that serves again no longer finds as it knew it.
    pub async fn version_warnings(&self, app: &str, version: u32, then: Option<&str>) -> Vec<String> {
        let Some(then) = then else { return Vec::new() };
        let found = match self.tenants.schema(app).await {
            Ok(now) => self.difference(app, then, &now).await,
            Err(error) => Err(error),
        };
        let of_it = |text: String| format!("version {version} {text}");
        checked(app, found.map(|difference| difference.map(of_it).into_iter().collect()))
    }

    /// Which functions that serve no longer find what they knew, when the schema is `now`.
    pub async fn function_warnings(&self, app: &str, now: &Catalog) -> Vec<String> {
        checked(app, self.misfit_functions(app, now).await)
    }

    async fn misfit_functions(&self, app: &str, now: &Catalog) -> Result<Vec<String>, TenantError> {
        let mut known: HashMap<String, Option<String>> = HashMap::new();
        let mut warnings = Vec::new();
        let mut more = 0;
        for it in self.store.versions().serving(app).await? {
            let difference = match known.get(&it.schema_fingerprint) {
                Some(difference) => difference.clone(),
                None => {
                    let found = self.difference(app, &it.schema_fingerprint, now).await?;
                    known.entry(it.schema_fingerprint).or_insert(found).clone()
                }
            };
            match difference {
                Some(_) if warnings.len() == WARNINGS_MAX => more += 1,
                Some(text) => {
                    warnings.push(format!("function {:?} (version {}) {text}", it.function, it.version));
                }
                None => {}
            }
        }
        if more > 0 {
            warnings.push(format!("and {more} more"));
        }
        Ok(warnings)
    }

    /// What code that was deployed against the one state does not find in the other, to be said of it.
    async fn difference(&self, app: &str, then: &str, now: &Catalog) -> Result<Option<String>, TenantError> {
        // Code that knew no table misses none.
        if then == fingerprint(now) || then == fingerprint(&Catalog::default()) {
            return Ok(None);
        }
        let Some(then) = self.tenants.state_of(app, then).await? else {
            return Ok(Some("was deployed against another schema, which is not recorded".to_owned()));
        };
        let now = Declared::parse(&mayfly_schema::write::write(now, true), &schema_rules_unbounded());
        Ok(told(&misfits(&then, &now.map_err(SchemaError::from)?)))
    }
}

fn told(found: &[String]) -> Option<String> {
    let named = found[..found.len().min(NAMED_MAX)].join("; ");
    let more = match found.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    (!found.is_empty()).then(|| format!("was deployed against another schema: {named}{more}"))
}

/// What was asked for is done, whether or not this can be told.
fn checked(app: &str, found: Result<Vec<String>, TenantError>) -> Vec<String> {
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, app, "functions are not compared with the schema");
        vec!["whether functions and schema fit could not be looked at".to_owned()]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_differences_are_named() {
        let found = |count: usize| (0..count).map(|number| format!("{number} is gone")).collect::<Vec<_>>();
        assert_eq!(told(&[]), None);
        assert!(told(&found(10)).unwrap().ends_with("9 is gone"));
        assert!(told(&found(12)).unwrap().ends_with("9 is gone; and 2 more"));
    }
}
