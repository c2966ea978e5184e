//! Approvals in a folder: a file for what waits, one for what a person decided, one for its use. Each is made once, so that
//! an approval is decided once and used once, whichever processes look at the folder.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, Utc};
use mayfly_api::approvals::ApprovalState;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// For how long an approval can be decided and used.
const HOURS: i64 = 24;
/// Approvals that wait at the same time.
const WAITING_MAX: usize = 1_000;
/// Characters of a reason.
const REASON_CHARS_MAX: usize = 500;

/// A call that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedCall {
    /// `apr_...`
    pub id: String,
    /// Who wants to call.
    pub identity: String,
    /// The tool.
    pub tool: String,
    /// Its arguments, whole.
    pub arguments: Value,
    /// The rule that asks for it.
    pub rule: String,
    /// The digest of who, which tool by which definition, and which arguments.
    pub digest: String,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Until when it can be decided, and used.
    pub expires_at: DateTime<Utc>,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalVerdict {
    /// Whether the call may be made.
    pub approve: bool,
    /// Who decided.
    pub decided_by: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub decided_at: DateTime<Utc>,
}

/// An approval as it is now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FolderApproval {
    /// What was asked.
    #[serde(flatten)]
    pub call: AskedCall,
    /// Where it is.
    pub state: ApprovalState,
    /// What was decided.
    pub verdict: Option<ApprovalVerdict>,
}

/// The folder.
#[derive(Debug, Clone)]
pub struct ApprovalFolder {
    folder: PathBuf,
}

impl ApprovalFolder {
    /// Below the state of a proxy.
    pub fn in_state(state: &Path) -> Self {
        Self { folder: state.join("approvals") }
    }

    /// All approvals, newest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self, now: DateTime<Utc>) -> io::Result<Vec<FolderApproval>> {
        let mut found = Vec::new();
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".asked.json"));
            if let Some(approval) = id.and_then(|id| self.find(id, now).transpose()) {
                found.push(approval?);
            }
        }
        found.sort_by_key(|approval| std::cmp::Reverse(approval.call.requested_at));
        Ok(found)
    }

    /// One approval.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn find(&self, id: &str, now: DateTime<Utc>) -> io::Result<Option<FolderApproval>> {
        if !is_approval_id(id) {
            return Ok(None);
        }
        let Some(call) = read::<AskedCall>(&self.file(id, "asked"))? else { return Ok(None) };
        let verdict = read::<ApprovalVerdict>(&self.file(id, "decided"))?;
        let state = match &verdict {
            _ if self.file(id, "used").exists() => ApprovalState::Used,
            Some(verdict) if !verdict.approve => ApprovalState::Denied,
            _ if call.expires_at <= now => ApprovalState::Expired,
            Some(_) => ApprovalState::Approved,
            None => ApprovalState::Pending,
        };
        Ok(Some(FolderApproval { call, state, verdict }))
    }

    /// Decide an approval. Says whether it could be: it waits, and it is decided once.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn decide(
        &self,
        id: &str,
        approve: bool,
        by: &str,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> io::Result<bool> {
        match self.find(id, now)? {
            Some(found) if found.state == ApprovalState::Pending => {}
            _ => return Ok(false),
        }
        let reason = reason.map(|reason| reason.chars().take(REASON_CHARS_MAX).collect());
        let verdict = ApprovalVerdict { approve, decided_by: by.to_owned(), reason, decided_at: now };
        self.make(&self.file(id, "decided"), &verdict)
    }

    fn file(&self, id: &str, what: &str) -> PathBuf {
        self.folder.join(format!("{id}.{what}.json"))
    }

    /// Make a file, whole, unless it is there.
    fn make<T: Serialize>(&self, file: &Path, value: &T) -> io::Result<bool> {
        fs::create_dir_all(&self.folder)?;
        let mut written = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer_pretty(&mut written, value)?;
        written.flush()?;
        written.as_file().sync_all()?;
        match written.persist_noclobber(file) {
            Ok(_) => {
                fs::File::open(&self.folder)?.sync_all()?;
                Ok(true)
            }
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
        }
    }
}

/// The approvals of a running proxy.
#[derive(Debug)]
pub(crate) struct Approvals {
    folder: ApprovalFolder,
    /// Ids of what may still be used, by digest.
    open: HashMap<String, String>,
}

impl Approvals {
    /// With those that a proxy before this one asked for.
    pub(crate) fn open(folder: ApprovalFolder, now: DateTime<Utc>) -> io::Result<Self> {
        let mut open = HashMap::new();
        for approval in folder.list(now)? {
            if matches!(approval.state, ApprovalState::Pending | ApprovalState::Approved) {
                open.insert(approval.call.digest, approval.call.id);
            }
        }
        Ok(Self { folder, open })
    }

    /// The approval for a call: the one that waits, or may be used; otherwise it is asked for now. `None`: too many wait.
    pub(crate) fn ask(
        &mut self,
        mut call: AskedCall,
        now: DateTime<Utc>,
    ) -> io::Result<Option<FolderApproval>> {
        if let Some(id) = self.open.get(&call.digest) {
            match self.folder.find(id, now)? {
                Some(found) if matches!(found.state, ApprovalState::Pending | ApprovalState::Approved) => {
                    return Ok(Some(found));
                }
                _ => drop(self.open.remove(&call.digest)),
            }
        }
        if self.open.len() >= WAITING_MAX {
            let folder = &self.folder;
            self.open.retain(|_, id| {
                let found = folder.find(id, now).ok().flatten();
                found.is_some_and(|found| {
                    matches!(found.state, ApprovalState::Pending | ApprovalState::Approved)
                })
            });
            if self.open.len() >= WAITING_MAX {
                return Ok(None);
            }
        }
        call.id = format!("apr_{}", Uuid::new_v4().simple());
        call.requested_at = now;
        call.expires_at = now + Duration::hours(HOURS);
        self.folder.make(&self.folder.file(&call.id, "asked"), &call)?;
        self.open.insert(call.digest.clone(), call.id.clone());
        Ok(Some(FolderApproval { call, state: ApprovalState::Pending, verdict: None }))
    }

    /// Use an approval, once.
    pub(crate) fn consume(&mut self, approval: &FolderApproval, now: DateTime<Utc>) -> io::Result<bool> {
        let used = self.folder.make(&self.folder.file(&approval.call.id, "used"), &now)?;
        self.open.remove(&approval.call.digest);
        Ok(used)
    }

    /// Decide an approval, as `ApprovalFolder::decide`.
    pub(crate) fn decide(
        &self,
        id: &str,
        approve: bool,
        by: &str,
        now: DateTime<Utc>,
    ) -> io::Result<Option<FolderApproval>> {
        self.folder.decide(id, approve, by, None, now)?;
        self.folder.find(id, now)
    }
}

/// A file's name is made of it.
fn is_approval_id(id: &str) -> bool {
    id.strip_prefix("apr_").is_some_and(|rest| {
        !rest.is_empty() && rest.len() <= 40 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> io::Result<Option<T>> {
    match fs::read(file) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(digest: &str) -> AskedCall {
        AskedCall {
            id: String::new(),
            identity: "key:local".to_owned(),
            tool: "delete".to_owned(),
            arguments: json!({ "id": 5 }),
            rule: "tools.delete.action".to_owned(),
            digest: digest.to_owned(),
            requested_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_approval_is_decided_once_and_used_once() {
        let state = tempfile::tempdir().unwrap();
        let folder = ApprovalFolder::in_state(state.path());
        let now = DateTime::UNIX_EPOCH;
        let mut approvals = Approvals::open(folder.clone(), now).unwrap();
        let asked = approvals.ask(call("a"), now).unwrap().unwrap();
        let id = asked.call.id.clone();
        assert_eq!(approvals.ask(call("a"), now).unwrap().unwrap().call.id, id, "the same call asks once");
        assert!(!folder.decide("apr_x/../y", true, "uid:0", None, now).unwrap());
        assert!(folder.decide(&id, true, "uid:0", Some("seen"), now).unwrap());
        assert!(!folder.decide(&id, false, "uid:1", None, now).unwrap(), "it is decided once");
        let mut approvals = Approvals::open(folder.clone(), now).unwrap();
        let approved = approvals.ask(call("a"), now).unwrap().unwrap();
        assert_eq!(
            (approved.state, approved.verdict.as_ref().unwrap().approve),
            (ApprovalState::Approved, true)
        );
        assert!(approvals.consume(&approved, now).unwrap());
        assert!(!approvals.consume(&approved, now).unwrap(), "it is used once");
        assert_ne!(approvals.ask(call("a"), now).unwrap().unwrap().call.id, id, "the next call asks again");
        assert_eq!(folder.list(now).unwrap().len(), 2);
    }

    #[test]
    fn what_nothing_was_done_with_expires() {
        let state = tempfile::tempdir().unwrap();
        let folder = ApprovalFolder::in_state(state.path());
        let now = DateTime::UNIX_EPOCH;
        let mut approvals = Approvals::open(folder.clone(), now).unwrap();
        let id = approvals.ask(call("a"), now).unwrap().unwrap().call.id;
        let later = now + Duration::hours(HOURS);
        assert_eq!(folder.find(&id, later).unwrap().unwrap().state, ApprovalState::Expired);
        assert!(!folder.decide(&id, true, "uid:0", None, later).unwrap());
        assert_ne!(approvals.ask(call("a"), later).unwrap().unwrap().call.id, id);
    }
}
