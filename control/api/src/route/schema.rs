//! The routes of an app's schema: read, changed, gone back with, and the policies of its tables.

use http::Method;

use super::{Route, RouteError, by_method};

/// What is done with a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaRoute {
    /// `GET /v1/{app}/schema`
    Get,
    /// `POST /v1/{app}/schema/apply`
    Apply,
    /// `POST /v1/{app}/schema/rollback`
    Rollback,
    /// `GET /v1/{app}/migrations`
    History,
    /// `GET /v1/{app}/rls`
    ListPolicies,
    /// `POST /v1/{app}/rls`
    IsolateUsers,
    /// `POST /v1/{app}/rls/enable`
    EnableRls,
    /// `POST /v1/{app}/rls/policies`
    CreatePolicy,
    /// `PATCH /v1/{app}/rls/policies/{name}`
    AlterPolicy { name: String },
    /// `POST /v1/{app}/rls/explain`
    Explain,
    /// `DELETE /v1/{app}/rls/{table}`
    DisableRls { table: String },
    /// `DELETE /v1/{app}/rls/{table}/{policy}`
    DropPolicy { table: String, policy: String },
}

/// As `docs/API.md` lists them, in the order of the enum.
pub(crate) const TABLE: [(&str, &str); 12] = [
    ("GET", "/v1/{app}/schema"),
    ("POST", "/v1/{app}/schema/apply"),
    ("POST", "/v1/{app}/schema/rollback"),
    ("GET", "/v1/{app}/migrations"),
    ("GET", "/v1/{app}/rls"),
    ("POST", "/v1/{app}/rls"),
    ("POST", "/v1/{app}/rls/enable"),
    ("POST", "/v1/{app}/rls/policies"),
    ("PATCH", "/v1/{app}/rls/policies/{name}"),
    ("POST", "/v1/{app}/rls/explain"),
    ("DELETE", "/v1/{app}/rls/{table}"),
    ("DELETE", "/v1/{app}/rls/{table}/{policy}"),
];

impl SchemaRoute {
    /// The entry of the table that this is.
    pub(crate) fn entry(&self) -> (&'static str, &'static str) {
        TABLE[match self {
            Self::Get => 0,
            Self::Apply => 1,
            Self::Rollback => 2,
            Self::History => 3,
            Self::ListPolicies => 4,
            Self::IsolateUsers => 5,
            Self::EnableRls => 6,
            Self::CreatePolicy => 7,
            Self::AlterPolicy { .. } => 8,
            Self::Explain => 9,
            Self::DisableRls { .. } => 10,
            Self::DropPolicy { .. } => 11,
        }]
    }

    /// Whether a key that may only read is enough. What `explain` shows are rows, so it is not.
    pub fn only_reads(&self) -> bool {
        matches!(self, Self::Get | Self::History | Self::ListPolicies)
    }
}

/// What follows `/v1/{app}/`.
pub(super) fn parse(method: &Method, app: String, rest: &[&str]) -> Result<Route, RouteError> {
    let one = |allow: &'static str, wanted: Method, action: SchemaRoute| {
        by_method(method, allow, |m| (*m == wanted).then_some(Route::Schema { app: app.clone(), action }))
    };
    match rest {
        ["schema"] => one("GET", Method::GET, SchemaRoute::Get),
        ["schema", "apply"] => one("POST", Method::POST, SchemaRoute::Apply),
        ["schema", "rollback"] => one("POST", Method::POST, SchemaRoute::Rollback),
        ["migrations"] => one("GET", Method::GET, SchemaRoute::History),
        ["rls"] => by_method(method, "GET, POST", |m| {
            let action = match *m {
                Method::GET => SchemaRoute::ListPolicies,
                Method::POST => SchemaRoute::IsolateUsers,
                _ => return None,
            };
            Some(Route::Schema { app: app.clone(), action })
        }),
        ["rls", "enable"] if *method == Method::POST => one("POST", Method::POST, SchemaRoute::EnableRls),
        ["rls", "policies"] if *method == Method::POST => {
            one("POST", Method::POST, SchemaRoute::CreatePolicy)
        }
        ["rls", "explain"] if *method == Method::POST => one("POST", Method::POST, SchemaRoute::Explain),
        ["rls", "policies", name] if *method == Method::PATCH => {
            one("PATCH", Method::PATCH, SchemaRoute::AlterPolicy { name: decoded(name)? })
        }
        ["rls", table] => one("DELETE", Method::DELETE, SchemaRoute::DisableRls { table: decoded(table)? }),
        ["rls", table, policy] => {
            let action = SchemaRoute::DropPolicy { table: decoded(table)?, policy: decoded(policy)? };
            one("DELETE", Method::DELETE, action)
        }
        _ => Err(RouteError::NotFound),
    }
}

/// A name in a path, with its `%`s taken out.
fn decoded(segment: &str) -> Result<String, RouteError> {
    let bytes = segment.as_bytes();
    let mut name = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = (*byte == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                name.push(code);
                at += 3;
            }
            None => {
                name.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(name).ok().filter(|name| !name.is_empty()).ok_or(RouteError::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded() {
        assert_eq!(decoded("a%20b%C3%BC"), Ok("a b\u{fc}".to_owned()));
        assert_eq!(decoded("100%"), Ok("100%".to_owned()));
        assert_eq!(decoded("%ff"), Err(RouteError::NotFound));
    }
}
