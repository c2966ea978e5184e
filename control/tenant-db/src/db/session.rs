//! The state of a connection's session, as far as the host knows it.
//!
//! A connection is used for one end user after the other. A statement's session side effects are undone by [`RESET`],
//! sent along with every use. In most apps no statement of the allow-list can have any: then the reset is not sent, the
//! claims stay for as long as the user stays the same, and statements are kept parsed.
//! `docs/decisions/0010-skip-session-resets.md` has the argument.

mod statements;

use std::time::{Duration, Instant};

use self::statements::Statements;
pub(super) use self::statements::{Known, Plan};
use super::credentials::TenantCredentials;
use crate::identity::Privilege;
use crate::wire::{Connection, WireError};

/// Sent along with a use that may have session side effects.
///
/// What `DISCARD ALL` does, as far as there is anything to discard: no role may make temporary tables or
/// take advisory locks, and plans are kept, because every use of a connection is by the same role, for which they were
/// made. Planning `current_user_id()` again would cost more than the rest of a query.
const RESET: &str = "RESET ROLE; RESET ALL; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD SEQUENCES";

/// Finds routines that could have session side effects.
const SIDE_EFFECTS: &str = include_str!("session/session_side_effects.sql");

/// For how long a user's claims may stay set in a session. Much shorter than they are good for, because a transaction
/// that begins at the last moment still needs them at its end.
const CLAIMS_KEPT: Duration = Duration::from_secs(60);

/// Uses in a row by one user after which plans are worth keeping.
const PLANS_AFTER: u32 = 16;

/// From here on plans may be kept, and with them what a function that is wrongly declared IMMUTABLE returned for this
/// user.
const KEEP_PLANS: &str = "SET plan_cache_mode = auto";

/// Plans made for one user are not used for the next one, and new ones are not kept until it is worth it.
const DROP_PLANS: [&str; 2] = ["DISCARD PLANS", "RESET plan_cache_mode"];

/// For a transaction of another user, after which the setting is again what it was.
const DROP_PLANS_LOCALLY: [&str; 2] = ["DISCARD PLANS", "SET LOCAL plan_cache_mode = force_custom_plan"];

/// An end user whose claims are signed when they are needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionUser<'a> {
    pub(crate) credentials: &'a TenantCredentials,
    pub(crate) subject: &'a str,
}

/// The state of one connection's session.
#[derive(Debug)]
pub(super) struct Session {
    process_id: i32,
    /// No statement can have session side effects in it, but for sequences' last values.
    stays_clean: bool,
    /// The user whose claims are set in it, and since when.
    user: Option<(String, Instant)>,
    /// How often in a row it was used for this user.
    uses: u32,
    /// Plans may be kept that were made for the last user.
    keeps_plans: bool,
    statements: Statements,
}

impl Session {
    /// Of a connection that was opened just now. Routines that are made later close it: see `Pools::forget`.
    pub(super) async fn begin(connection: &mut Connection, privilege: Privilege) -> Result<Self, WireError> {
        let stays_clean = match privilege {
            Privilege::Service | Privilege::User => match connection.run_simple(SIDE_EFFECTS).await {
                Ok(tag) => tag == "SELECT 0",
                Err(WireError::Refused(refusal)) if !refusal.fatal => false,
                Err(error) => return Err(error),
            },
            // The anon role is shared by many users, so its session is reset after every use.
            Privilege::Anon | Privilege::Owner => false,
        };
        Ok(Self {
            process_id: connection.process_id(),
            stays_clean,
            user: None,
            uses: 0,
            keeps_plans: false,
            statements: Statements::new(),
        })
    }

    /// Statements of ours that must come before the user's: they set the user's claims.
    pub(super) fn before_use(&mut self, user: Option<SessionUser<'_>>) -> Vec<String> {
        let Some(user) = user else { return Vec::new() };
        self.expire();
        if self.stays_clean && self.is_of(user.subject) {
            let worth_it = !self.keeps_plans && self.uses >= PLANS_AFTER;
            return if worth_it { vec![KEEP_PLANS.to_owned()] } else { Vec::new() };
        }
        let claims = user.credentials.claims(user.subject, self.process_id);
        let set = format!("SET mayfly.claims = '{claims}'");
        if !self.stays_clean {
            return vec![set];
        }
        let drop_plans = self.dropping(DROP_PLANS);
        drop_plans.chain(["DISCARD SEQUENCES".to_owned(), set]).collect()
    }

    /// The user's first statement was executed, and the statements before it too.
    pub(super) fn after_use(&mut self, user: Option<SessionUser<'_>>) {
        let Some(user) = user else { return };
        if !self.stays_clean {
            return;
        }
        if self.is_of(user.subject) {
            self.keeps_plans |= self.uses >= PLANS_AFTER;
            self.uses = self.uses.saturating_add(1);
        } else {
            self.user = Some((user.subject.to_owned(), Instant::now()));
            (self.uses, self.keeps_plans) = (1, false);
        }
    }

    /// Statements of ours that must come before a transaction's first: its claims end with it.
    pub(super) fn before_transaction(&mut self, user: Option<SessionUser<'_>>) -> Vec<String> {
        let Some(user) = user else { return Vec::new() };
        self.expire();
        let claims = user.credentials.claims(user.subject, self.process_id);
        let set = format!("SET LOCAL mayfly.claims = '{claims}'");
        if !self.stays_clean || self.is_of(user.subject) {
            return vec![set];
        }
        // Sequences' values of the transaction are this user's, whichever user's claims are in effect again at its end.
        self.user = None;
        let drop_plans = self.dropping(DROP_PLANS_LOCALLY);
        drop_plans.chain(["DISCARD SEQUENCES".to_owned(), set]).collect()
    }

    fn dropping(&self, statements: [&'static str; 2]) -> impl Iterator<Item = String> + use<> {
        self.keeps_plans.then_some(statements).into_iter().flatten().map(str::to_owned)
    }

    /// Called before it is checked whose session it is, and never between that check and its consequences.
    fn expire(&mut self) {
        self.user.take_if(|(_, since)| since.elapsed() >= CLAIMS_KEPT);
    }

    fn is_of(&self, subject: &str) -> bool {
        self.user.as_ref().is_some_and(|(of, _)| of == subject)
    }

    /// Undoes the session side effects of the use; `None` when it can have none.
    pub(super) fn reset(&self) -> Option<&'static str> {
        (!self.stays_clean).then_some(RESET)
    }

    /// The statements that are kept parsed; `None` where SQL could take a name away.
    pub(super) fn statements(&mut self) -> Option<&mut Statements> {
        self.stays_clean.then_some(&mut self.statements)
    }
}
