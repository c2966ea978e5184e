//! Whether functions still fit the schema: each version knows which state it was deployed against.

use mayfly_schema::apply::fingerprint;
use mayfly_schema::{Catalog, Declared, SchemaError, misfits};

use super::Schemas;
use crate::tenant::{TenantError, schema_rules_unbounded};

/// Differences that one warning names.
const NAMED_MAX: usize = 10;

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
            Ok(now) => self.misfit(app, &format!("version {version}"), then, &now).await,
            Err(error) => Err(error),
        };
        checked(app, found.map(|warning| warning.into_iter().collect()))
    }

    /// Which functions that serve no longer find what they knew, when the schema is `now`.
    pub async fn function_warnings(&self, app: &str, now: &Catalog) -> Vec<String> {
        checked(app, self.misfit_functions(app, now).await)
    }

    async fn misfit_functions(&self, app: &str, now: &Catalog) -> Result<Vec<String>, TenantError> {
        let mut warnings = Vec::new();
        for it in self.store.versions().serving(app).await? {
            let whose = format!("function {:?} (version {})", it.function, it.version);
            warnings.extend(self.misfit(app, &whose, &it.schema_fingerprint, now).await?);
        }
        Ok(warnings)
    }

    async fn misfit(
        &self,
        app: &str,
        whose: &str,
        then: &str,
        now: &Catalog,
    ) -> Result<Option<String>, TenantError> {
        // Code that knew no table misses none.
        if then == fingerprint(now) || then == fingerprint(&Catalog::default()) {
            return Ok(None);
        }
        let Some(then) = self.tenants.state_of(app, then).await? else {
            return Ok(Some(format!("{whose} was deployed against another schema, which is not recorded")));
        };
        let now = Declared::parse(&mayfly_schema::write::write(now, true), &schema_rules_unbounded());
        let found = misfits(&then, &now.map_err(SchemaError::from)?);
        let more = match found.len().saturating_sub(NAMED_MAX) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let named = found[..found.len().min(NAMED_MAX)].join("; ");
        Ok((!found.is_empty()).then(|| format!("{whose} was deployed against another schema: {named}{more}")))
    }
}

/// What was asked for is done, whether or not this can be told.
fn checked(app: &str, found: Result<Vec<String>, TenantError>) -> Vec<String> {
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, app, "functions are not compared with the schema");
        vec!["whether functions and schema fit could not be looked at".to_owned()]
    })
}
