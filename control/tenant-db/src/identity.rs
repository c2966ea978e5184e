//! The identity a function's SQL runs as, and the privilege of each login.

/// The identity under which the database runs a function's SQL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// `butterbase_service`: row-level security does not apply.
    Service,
    /// `butterbase_user`: `current_user_id()` gives this id.
    User {
        /// The end user's id, 1 to 255 bytes.
        id: String,
    },
    /// `butterbase_anon`: `current_user_id()` is NULL.
    Anon,
}

impl Identity {
    /// The group role that policies name.
    pub fn group(&self) -> &'static str {
        self.privilege().group()
    }

    pub(crate) fn privilege(&self) -> Privilege {
        match self {
            Self::Service => Privilege::Service,
            Self::User { .. } => Privilege::User,
            Self::Anon => Privilege::Anon,
        }
    }

    /// The id that goes into the claims.
    pub(crate) fn subject(&self) -> Option<&str> {
        match self {
            Self::User { id } => Some(id),
            Self::Service | Self::Anon => None,
        }
    }
}

/// What a login may do: there is one login of each for every app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Privilege {
    /// Owns the app's objects; serves the schema alone, never a function.
    Owner,
    /// Functions without a user.
    Service,
    /// Functions with a user.
    User,
    /// Functions that act as the anon role.
    Anon,
}

impl Privilege {
    pub(crate) const ALL: [Self; 4] = [Self::Owner, Self::Service, Self::User, Self::Anon];

    /// What the login's name ends with.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Service => "service",
            Self::User => "user",
            Self::Anon => "anon",
        }
    }

    /// The role in which its sessions start. The owner has none: it starts, and stays, as itself.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Self::Owner => "none",
            Self::Service => "butterbase_service",
            Self::User => "butterbase_user",
            Self::Anon => "butterbase_anon",
        }
    }

    /// The login of an app. The id is one that [`is_app`](mayfly_store::id::is_app) has seen.
    pub(crate) fn login(self, app_id: &str) -> String {
        format!("{app_id}_{}", self.suffix())
    }
}
