//! Scopes: what a service key may do.

/// What a service key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read functions, logs, versions.
    Read,
    /// Deploy, delete, set environment and settings.
    Deploy,
    /// Call functions.
    Invoke,
    /// Change the app's database schema.
    Schema,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::Deploy, Self::Invoke, Self::Schema];

    /// As callers write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Deploy => "deploy",
            Self::Invoke => "invoke",
            Self::Schema => "schema",
        }
    }

    /// The scope of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}
