//! `mayfly rls`: row-level security of an app's tables.

use mayfly_api::decode::Nothing;
use mayfly_api::endpoint::{EmptyBody, Json};
use mayfly_api::rls::{CreatePolicy, EnableRls, ExplainRows, IsolateUsers, PoliciesChanged, PolicyRole};
use mayfly_api::routes::{PolicyCreate, PolicyDrop, RlsDisable, RlsEnable, RlsExplain, RlsIsolate, RlsList};
use serde_json::Value;

use crate::args::RlsVerb;
use crate::exit::Exit;
use crate::out;
use crate::remote::{Answered, Remote, optional};

pub(super) async fn run(remote: &Remote, verb: RlsVerb) -> Result<Exit, Exit> {
    match verb {
        RlsVerb::List => list(remote).await?,
        RlsVerb::Enable { table } => {
            let body = Json(EnableRls { table_name: table.as_str().into() });
            show(remote, &remote.call::<RlsEnable>(&[], &Nothing {}, &body).await?);
        }
        RlsVerb::Disable { table } => {
            show(remote, &remote.call::<RlsDisable>(&[&table], &Nothing {}, &EmptyBody).await?);
        }
        RlsVerb::Isolate { table, column, public_read } => {
            let body = Json(IsolateUsers {
                table_name: table.as_str().into(),
                user_column: column.as_str().into(),
                public_read_column: public_read.as_deref().map(Into::into),
            });
            show(remote, &remote.call::<RlsIsolate>(&[], &Nothing {}, &body).await?);
        }
        RlsVerb::Create { table, policy, command, role, using, check } => {
            let role = role.as_deref().map(role_of).transpose()?;
            let body = Json(CreatePolicy {
                table_name: table.as_str().into(),
                policy_name: policy.as_str().into(),
                command: command.as_deref().map(Into::into),
                role,
                using_expression: using.as_deref().map(Into::into),
                with_check_expression: check.as_deref().map(Into::into),
                restrictive: None,
            });
            show(remote, &remote.call::<PolicyCreate>(&[], &Nothing {}, &body).await?);
        }
        RlsVerb::Drop { table, policy } => {
            show(remote, &remote.call::<PolicyDrop>(&[&table, &policy], &Nothing {}, &EmptyBody).await?);
        }
        RlsVerb::Explain { table, user, command } => explain(remote, &table, user, command).await?,
    }
    Ok(Exit::Ok)
}

fn role_of(text: &str) -> Result<PolicyRole, Exit> {
    PolicyRole::parse(text).ok_or_else(|| {
        out::complain(&format!("--role {text}: must be one of user, anon, service, public"));
        Exit::Validation
    })
}

async fn list(remote: &Remote) -> Result<(), Exit> {
    remote.call::<RlsList>(&[], &Nothing {}, &EmptyBody).await?.print(remote, |list| {
        let rows = list.policies.iter().map(|policy| {
            vec![
                policy.table_name.clone(),
                policy.policy_name.clone(),
                policy.command.clone(),
                policy.roles.join(","),
                optional(policy.using_expression.as_deref()),
                optional(policy.with_check_expression.as_deref()),
            ]
        });
        let columns = ["table", "policy", "command", "roles", "using", "with_check"];
        out::table(&columns, &rows.collect::<Vec<_>>());
        out::say(&format!("row-level security is on for: {}", list.tables_with_rls.join(", ")));
    });
    Ok(())
}

/// What was done, as SQL.
fn show(remote: &Remote, answered: &Answered<PoliciesChanged>) {
    answered.print(remote, |changed| changed.statements.iter().for_each(|statement| out::data(statement)));
    answered.answer.warnings.iter().for_each(|warning| out::warn(warning));
}

async fn explain(
    remote: &Remote,
    table: &str,
    user: Option<String>,
    command: Option<String>,
) -> Result<(), Exit> {
    let body = Json(ExplainRows {
        table_name: table.into(),
        user_id: user.as_deref().map(Into::into),
        command: command.as_deref().map(Into::into),
        row: None,
    });
    remote.call::<RlsExplain>(&[], &Nothing {}, &body).await?.print(remote, |explained| {
        let rows = explained.rows.iter().map(|verdict| {
            let row = match &verdict.row {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            vec![verdict.visible.to_string(), row, verdict.reason.clone()]
        });
        out::table(&["visible", "row", "reason"], &rows.collect::<Vec<_>>());
    });
    Ok(())
}
