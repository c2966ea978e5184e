//! The list of routes, for documents, logs and tests.

use super::Route;

/// Every route as `docs/API.md` lists it: methods and pattern.
pub(crate) const TABLE: [(&str, &str); 35] = [
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/errors/{code}"),
    ("GET", "/v1/apps"),
    ("POST", "/v1/apps"),
    ("GET", "/v1/apps/{app}"),
    ("DELETE", "/v1/apps/{app}"),
    ("PATCH", "/v1/{app}/config"),
    ("GET", "/v1/{app}/keys"),
    ("POST", "/v1/{app}/keys"),
    ("DELETE", "/v1/{app}/keys/{key}"),
    ("GET", "/v1/{app}/env"),
    ("PATCH", "/v1/{app}/env"),
    ("POST", "/v1/{app}/sql"),
    ("GET", "/v1/{app}/functions"),
    ("POST", "/v1/{app}/functions"),
    ("GET", "/v1/{app}/functions/{name}"),
    ("DELETE", "/v1/{app}/functions/{name}"),
    ("PATCH", "/v1/{app}/functions/{name}/env"),
    ("PATCH", "/v1/{app}/functions/{name}/settings"),
    ("GET", "/v1/{app}/functions/{name}/versions"),
    ("POST", "/v1/{app}/functions/{name}/rollback"),
    ("POST", "/v1/{app}/functions/{name}/invoke"),
    ("GET", "/v1/{app}/functions/{name}/logs"),
    ("ANY", "/v1/{app}/fn/{name}[/*]"),
    ("GET", "/auth/{app}/.well-known/jwks.json"),
    ("GET", "/v1/{app}/config"),
    ("POST", "/v1/{app}/auth/tokens"),
    ("GET", "/v1/{app}/auth/keys"),
    ("POST", "/v1/{app}/auth/keys"),
    ("POST", "/v1/{app}/auth/keys/rotate"),
    ("DELETE", "/v1/{app}/auth/keys/{kid}"),
    ("GET", "/v1/{app}/functions/{name}/logs/stream"),
    ("GET", "/v1/{app}/usage"),
    ("POST", "/v1/{app}/usage/verify"),
];

impl Route {
    /// The entry of the route table that this is: what logs and documents call it.
    pub fn entry(&self) -> (&'static str, &'static str) {
        if let Self::Schema { action, .. } = self {
            return action.entry();
        }
        TABLE[match self {
            Self::Live => 0,
            Self::Ready => 1,
            Self::ErrorPage { .. } => 2,
            Self::ListApps => 3,
            Self::CreateApp => 4,
            Self::GetApp { .. } => 5,
            Self::DeleteApp { .. } => 6,
            Self::ConfigureApp { .. } => 7,
            Self::ListKeys { .. } => 8,
            Self::CreateKey { .. } => 9,
            Self::RevokeKey { .. } => 10,
            Self::GetAppEnv { .. } => 11,
            Self::PatchAppEnv { .. } => 12,
            // A schema's routes have a table of their own.
            Self::RunSql { .. } | Self::Schema { .. } => 13,
            Self::ListFunctions { .. } => 14,
            Self::Deploy { .. } => 15,
            Self::GetFunction { .. } => 16,
            Self::DeleteFunction { .. } => 17,
            Self::PatchFunctionEnv { .. } => 18,
            Self::PatchFunctionSettings { .. } => 19,
            Self::ListVersions { .. } => 20,
            Self::Rollback { .. } => 21,
            Self::Invoke { .. } => 22,
            Self::Logs { .. } => 23,
            Self::Call { .. } => 24,
            Self::Jwks { .. } => 25,
            Self::GetConfig { .. } => 26,
            Self::MintToken { .. } => 27,
            Self::ListSigningKeys { .. } => 28,
            Self::ImportSigningKey { .. } => 29,
            Self::RotateSigningKey { .. } => 30,
            Self::RemoveSigningKey { .. } => 31,
            Self::LogStream { .. } => 32,
            Self::Usage { .. } => 33,
            Self::VerifyUsage { .. } => 34,
        }]
    }
}
