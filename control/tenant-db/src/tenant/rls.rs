//! Policies of an app's tables, changed one at a time, and explained.

use mayfly_schema::apply::{ProposedChange, steps};
use mayfly_schema::dsl::Policy;
use mayfly_schema::rls::{self, Question, Verdict};
use mayfly_schema::{ApplyOutcome, Catalog, Expression, SchemaError, Step};

use super::schema::SchemaChange;
use super::{TenantError, Tenants};
use crate::identity::Identity;

/// What is to be done.
#[derive(Debug, Clone)]
pub enum PolicyChange {
    /// Switch row-level security of a table on.
    Enable {
        /// The table.
        table: String,
    },
    /// Switch it off, with all policies.
    Disable {
        /// The table.
        table: String,
    },
    /// Let users see their own rows, and those that are public.
    Isolate {
        /// The table.
        table: String,
        /// The column with the user's id.
        user_column: String,
        /// The column that says whether everyone may read a row.
        public_read_column: Option<String>,
    },
    /// A policy of the caller's own.
    Create {
        /// The table.
        table: String,
        /// Its name.
        name: String,
        /// What it says.
        policy: Policy,
    },
    /// Another one in its place.
    Alter {
        /// The table.
        table: String,
        /// Its name.
        name: String,
        /// What it says.
        policy: Policy,
    },
    /// Drop one.
    Drop {
        /// The table.
        table: String,
        /// The policy.
        policy: String,
    },
}

impl Tenants {
    /// Change policies, in one recorded transaction. A policy of the caller's own is tried on the table's rows first.
    /// Also gives what to mind.
    ///
    /// # Errors
    /// [`TenantError::Schema`]; nothing was changed then.
    pub async fn change_policies(
        &self,
        app_id: &str,
        change: PolicyChange,
        key_id: Option<String>,
    ) -> Result<(ApplyOutcome, Vec<String>), TenantError> {
        let about = SchemaChange { key_id, kind: "rls".to_owned(), ..SchemaChange::default() };
        let _lock = self.migration_lock(app_id, self.limits().lock_timeout).await?;
        let _exclusive = self.exclusive(app_id).await?;
        self.fill_gap(app_id).await?;
        let (mut client, options) = self.owner(app_id, &about).await?;
        let mut warnings = Vec::new();
        let history = self.history_of(app_id, &client, &about).await?;
        let outcome = steps(&mut client, &options, &history, |catalog| {
            if let PolicyChange::Create { table, policy, .. } | PolicyChange::Alter { table, policy, .. } =
                &change
            {
                warnings = rls::warnings(catalog, table, policy);
            }
            script(catalog, &change)
        })
        .await?;
        Ok((outcome, warnings))
    }

    /// Which policies show rows to an identity, and which hide them.
    ///
    /// # Errors
    /// [`TenantError::Schema`]
    pub async fn explain_rows(
        &self,
        app_id: &str,
        identity: &Identity,
        mut question: Question,
    ) -> Result<Vec<Verdict>, TenantError> {
        let credentials = self.credentials(app_id).await?;
        let (mut client, options) = self.owner(app_id, &SchemaChange::default()).await?;
        identity.group().clone_into(&mut question.role);
        if let Some(subject) = identity.subject() {
            let process = client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
            // Of hexadecimal digits and dots alone.
            question.become_user =
                Some(format!("SET LOCAL mayfly.claims = '{}'", credentials.claims(subject, process)));
        }
        Ok(rls::explain(&mut client, &question, &options).await?)
    }
}

fn script(catalog: &Catalog, change: &PolicyChange) -> Result<ProposedChange, SchemaError> {
    let (steps, trial) = match change {
        PolicyChange::Enable { table } => (rls::enable(catalog, table)?, Vec::new()),
        PolicyChange::Disable { table } => (rls::disable(catalog, table)?, Vec::new()),
        PolicyChange::Isolate { table, user_column, public_read_column } => {
            (rls::isolate(catalog, table, user_column, public_read_column.as_deref())?, Vec::new())
        }
        PolicyChange::Create { table, name, policy } => {
            (rls::create(catalog, table, name, policy)?, rls::trial(table, policy))
        }
        PolicyChange::Alter { table, name, policy } => {
            let whole = completed(catalog, table, name, policy);
            (rls::change(catalog, table, name, &whole)?, rls::trial(table, &whole))
        }
        PolicyChange::Drop { table, policy } => (rls::drop(catalog, table, policy)?, Vec::<Step>::new()),
    };
    Ok(ProposedChange { steps, trial })
}

/// What a change leaves out stays as it is.
fn completed(catalog: &Catalog, table: &str, name: &str, policy: &Policy) -> Policy {
    let old = catalog.tables.get(table).and_then(|table| table.rls.policies.get(name));
    let mut whole = policy.clone();
    if let Some(old) = old {
        let keep = |new: &Option<Expression>, old: &Option<Expression>| new.clone().or_else(|| old.clone());
        whole.using = keep(&policy.using, &old.using);
        whole.check = keep(&policy.check, &old.check);
        whole.command.clone_from(&old.command);
        whole.restrictive = old.restrictive;
        if policy.roles.is_empty() {
            whole.roles.clone_from(&old.roles);
        }
    }
    whole
}
