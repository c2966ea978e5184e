//! `/v1/{app}/rls...`: row-level security.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::value::{Text, words};

/// The longest name of a table, column or policy.
pub const NAME_CHARS_MAX: usize = 63;
/// The longest expression, in characters.
pub const EXPRESSION_CHARS_MAX: usize = 16_384;

/// A name in the database.
pub type DbName = Text<1, NAME_CHARS_MAX>;
/// A SQL expression.
pub type PolicyExpression = Text<1, EXPRESSION_CHARS_MAX>;

words! {
    /// Whom a policy is for.
    PolicyRole {
        /// End users.
        User = "user",
        /// Clients without a user.
        Anon = "anon",
        /// The service.
        Service = "service",
        /// Everyone.
        Public = "public",
    }
}

/// Turns row-level security on for a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnableRls {
    /// The table.
    pub table_name: DbName,
}

/// Lets users see and change their own rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsolateUsers {
    /// The table.
    pub table_name: DbName,
    /// The column with the user's id.
    pub user_column: DbName,
    /// A boolean column: rows where it is true can be read by everyone.
    #[serde(default)]
    pub public_read_column: Option<DbName>,
}

/// Makes a policy; with `using_expression`, `with_check_expression` or both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePolicy {
    /// The table.
    pub table_name: DbName,
    /// The policy.
    pub policy_name: DbName,
    /// ALL, SELECT, INSERT, UPDATE or DELETE; ALL unless said otherwise.
    #[serde(default)]
    pub command: Option<Text<1, 10>>,
    /// Whom it is for; everyone unless said otherwise.
    #[serde(default)]
    pub role: Option<PolicyRole>,
    /// Which rows are seen.
    #[serde(default)]
    pub using_expression: Option<PolicyExpression>,
    /// Which rows may be written.
    #[serde(default)]
    pub with_check_expression: Option<PolicyExpression>,
    /// Whether rows have to pass it beside the other policies.
    #[serde(default)]
    pub restrictive: Option<bool>,
}

/// Changes a policy; what is left out stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlterPolicy {
    /// The table.
    pub table_name: DbName,
    /// ALL, SELECT, INSERT, UPDATE or DELETE.
    #[serde(default)]
    pub command: Option<Text<1, 10>>,
    /// Whom it is for.
    #[serde(default)]
    pub role: Option<PolicyRole>,
    /// Which rows are seen.
    #[serde(default)]
    pub using_expression: Option<PolicyExpression>,
    /// Which rows may be written.
    #[serde(default)]
    pub with_check_expression: Option<PolicyExpression>,
    /// Whether rows have to pass it beside the other policies.
    #[serde(default)]
    pub restrictive: Option<bool>,
}

/// Asks why rows are seen, or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainRows {
    /// The table.
    pub table_name: DbName,
    /// Who asks; without a user, an anonymous client.
    #[serde(default)]
    pub user_id: Option<Text<1, 255>>,
    /// SELECT, UPDATE or DELETE; SELECT unless said otherwise.
    #[serde(default)]
    pub command: Option<Text<1, 10>>,
    /// Only rows whose columns have these values.
    #[serde(default)]
    pub row: Option<Map<String, Value>>,
}

/// What a change of policies did.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PoliciesChanged {
    /// Always true.
    pub success: bool,
    /// The SQL.
    pub statements: Vec<String>,
    /// What to mind.
    pub warnings: Vec<String>,
    /// The record's number.
    pub migration_id: Option<i64>,
}

/// A policy.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Policy")]
pub struct PolicyInfo {
    /// The table.
    pub table_name: String,
    /// The policy.
    pub policy_name: String,
    /// ALL, SELECT, INSERT, UPDATE or DELETE.
    pub command: String,
    /// The database roles.
    pub roles: Vec<String>,
    /// Which rows are seen.
    pub using_expression: Option<String>,
    /// Which rows may be written.
    pub with_check_expression: Option<String>,
    /// Whether rows have to pass it beside the other policies.
    pub restrictive: bool,
}

/// All policies of an app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PolicyList {
    /// The policies.
    pub policies: Vec<PolicyInfo>,
    /// Tables with row-level security.
    pub tables_with_rls: Vec<String>,
}

/// What is found about one row.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RowVerdict {
    /// The row.
    pub row: Value,
    /// Whether the role sees it.
    pub visible: bool,
    /// Policies that let it through.
    pub shown_by: Vec<String>,
    /// Policies that apply and do not.
    pub hidden_by: Vec<String>,
    /// In words.
    pub reason: String,
}

/// Why rows are seen, or not.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RowsExplained {
    /// The database role that asks.
    pub role: String,
    /// Row by row.
    pub rows: Vec<RowVerdict>,
}
