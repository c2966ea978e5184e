//! What the host knows of the state that a connection's session is in.
//!
//! A connection is lent to one end user after the other. What a statement could leave behind is taken away by [`RESET`],
//! sent along with every use. In most apps no statement that passes the gate can leave anything at all: then the reset
//! is not sent, the claims stay for as long as the user stays the same, and statements are kept parsed.
//! `docs/decisions/0010-skip-session-resets.md` has the argument.

mod statements;

use std::time::{Duration, Instant};

use self::statements::Statements;
pub(super) use self::statements::{Known, Plan};
use super::access::Access;
use crate::identity::Privilege;
use crate::wire::{Connection, WireError};

/// Sent along with a use after which something may be left in the session.
///
/// What `DISCARD ALL` does, as far as there is anything to discard: temporary tables and advisory locks are nobody's to
/// make, and plans are kept, because every use of a connection is by the same role, for which they were made. Planning
/// `current_user_id()` anew would cost more than the rest of a query.
const RESET: &str = "RESET ROLE; RESET ALL; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD SEQUENCES";

/// Finds routines by which something could stay behind.
const LEAVERS: &str = include_str!("session/leavers.sql");

/// For how long a user's claims may stand in a session. Much shorter than they are good for, because a transaction that
/// begins at the last moment still needs them at its end.
const CLAIMS_KEPT: Duration = Duration::from_secs(60);

/// Uses in a row by one user after which plans are worth keeping.
const PLANS_AFTER: u32 = 16;

/// From here on plans may be kept, and with them what a function that is wrongly called IMMUTABLE said to this user.
const KEEP_PLANS: &str = "SET plan_cache_mode = auto";

/// What was planned for one user is not for the next one, and what comes is not kept until it is worth it.
const DROP_PLANS: [&str; 2] = ["DISCARD PLANS", "RESET plan_cache_mode"];

/// The same for a transaction of somebody else's, after which the setting is again what it was.
const DROP_PLANS_MEANWHILE: [&str; 2] = ["DISCARD PLANS", "SET LOCAL plan_cache_mode = force_custom_plan"];

/// An end user whose claims are signed when they are needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bearer<'a> {
    pub(crate) access: &'a Access,
    pub(crate) subject: &'a str,
}

/// The state of one connection's session.
#[derive(Debug)]
pub(super) struct Session {
    process_id: i32,
    /// Nothing can stay behind in it but sequences' last values.
    stays_clean: bool,
    /// Whose claims stand in it, and since when.
    bearer: Option<(String, Instant)>,
    /// How often in a row it was used by the bearer.
    uses: u32,
    /// Plans may be there that were made for the last bearer.
    keeps_plans: bool,
    statements: Statements,
}

impl Session {
    /// Of a connection that was opened just now. Routines that are made later close it: see `Pools::forget`.
    pub(super) async fn begin(connection: &mut Connection, privilege: Privilege) -> Result<Self, WireError> {
        let stays_clean = match privilege {
            Privilege::Service | Privilege::User => match connection.run_simple(LEAVERS).await {
                Ok(tag) => tag == "SELECT 0",
                Err(WireError::Refused(refusal)) if !refusal.fatal => false,
                Err(error) => return Err(error),
            },
            // Nobody's visitors are many people with one identity: every use is followed by a reset.
            Privilege::Anon | Privilege::Owner => false,
        };
        Ok(Self {
            process_id: connection.process_id(),
            stays_clean,
            bearer: None,
            uses: 0,
            keeps_plans: false,
            statements: Statements::new(),
        })
    }

    /// Statements of ours that must come before the user's: they say who the user is.
    pub(super) fn entering(&mut self, bearer: Option<Bearer<'_>>) -> Vec<String> {
        let Some(bearer) = bearer else { return Vec::new() };
        self.expire();
        if self.stays_clean && self.is_borne_by(bearer.subject) {
            let worth_it = !self.keeps_plans && self.uses >= PLANS_AFTER;
            return if worth_it { vec![KEEP_PLANS.to_owned()] } else { Vec::new() };
        }
        let claims = bearer.access.claims(bearer.subject, self.process_id);
        let set = format!("SET mayfly.claims = '{claims}'");
        if !self.stays_clean {
            return vec![set];
        }
        let drop_plans = self.dropping(DROP_PLANS);
        drop_plans.chain(["DISCARD SEQUENCES".to_owned(), set]).collect()
    }

    /// The user's first statement was carried out, and what came before it with it.
    pub(super) fn entered(&mut self, bearer: Option<Bearer<'_>>) {
        let Some(bearer) = bearer else { return };
        if !self.stays_clean {
            return;
        }
        if self.is_borne_by(bearer.subject) {
            self.keeps_plans |= self.uses >= PLANS_AFTER;
            self.uses = self.uses.saturating_add(1);
        } else {
            self.bearer = Some((bearer.subject.to_owned(), Instant::now()));
            (self.uses, self.keeps_plans) = (1, false);
        }
    }

    /// The same for a transaction: its claims end with it.
    pub(super) fn entering_transaction(&mut self, bearer: Option<Bearer<'_>>) -> Vec<String> {
        let Some(bearer) = bearer else { return Vec::new() };
        self.expire();
        let claims = bearer.access.claims(bearer.subject, self.process_id);
        let set = format!("SET LOCAL mayfly.claims = '{claims}'");
        if !self.stays_clean || self.is_borne_by(bearer.subject) {
            return vec![set];
        }
        // Sequences' values of the transaction are this user's, whoever's claims come to stand there again at its end.
        self.bearer = None;
        let drop_plans = self.dropping(DROP_PLANS_MEANWHILE);
        drop_plans.chain(["DISCARD SEQUENCES".to_owned(), set]).collect()
    }

    fn dropping(&self, statements: [&'static str; 2]) -> impl Iterator<Item = String> + use<> {
        self.keeps_plans.then_some(statements).into_iter().flatten().map(str::to_owned)
    }

    /// Before it is asked whose session it is, and never between that and what follows from it.
    fn expire(&mut self) {
        self.bearer.take_if(|(_, since)| since.elapsed() >= CLAIMS_KEPT);
    }

    fn is_borne_by(&self, subject: &str) -> bool {
        self.bearer.as_ref().is_some_and(|(of, _)| of == subject)
    }

    /// What takes away whatever the use left behind; `None` when it can have left nothing.
    pub(super) fn reset(&self) -> Option<&'static str> {
        (!self.stays_clean).then_some(RESET)
    }

    /// The statements that are kept parsed; `None` where SQL could take a name away.
    pub(super) fn statements(&mut self) -> Option<&mut Statements> {
        self.stays_clean.then_some(&mut self.statements)
    }
}
