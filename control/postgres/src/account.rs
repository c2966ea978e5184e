//! The OS user that runs PostgreSQL's programs: ours, or an unprivileged one if we are root (PostgreSQL refuses root).

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::ClusterError;

/// Where its programs find the system's own.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The account that PostgreSQL runs under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Whether it is another user than this process runs as.
    other: bool,
}

impl Account {
    /// Our own user; as root, the first of `postgres` and `nobody` that this machine has.
    pub(super) fn choose() -> Result<Self, ClusterError> {
        let uid = rustix::process::geteuid();
        if !uid.is_root() {
            let gid = rustix::process::getegid();
            return Ok(Self { uid: uid.as_raw(), gid: gid.as_raw(), other: false });
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "_postgres", "nobody"]
            .iter()
            .find_map(|name| find_user(&users, name))
            .ok_or(ClusterError::NoUnprivilegedUser)
    }

    /// A command that runs under this account.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // Nothing of our environment: it may hold the admin key and the root keys.
        command.env_clear().env("PATH", PATH).env("LC_ALL", "C").env("TZ", "UTC");
        // A group of its own: Ctrl-C in a terminal is meant for us, and we stop the server when we are done.
        command.process_group(0).current_dir("/");
        if self.other {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Give it a file or directory.
    pub(super) fn own(&self, path: &Path) -> Result<(), ClusterError> {
        if !self.other {
            return Ok(());
        }
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .map_err(ClusterError::io("cannot hand over", path))
    }

    /// The first directory above `path`, or `path` itself, that it may not pass through.
    pub(super) fn barrier(&self, path: &Path) -> Option<PathBuf> {
        if !self.other {
            return None;
        }
        let mut above: Vec<_> = path.ancestors().collect();
        above.reverse();
        above.into_iter().find(|directory| !self.may_enter(directory)).map(Path::to_owned)
    }

    fn may_enter(&self, directory: &Path) -> bool {
        let Ok(metadata) = std::fs::metadata(directory) else { return true };
        let mode = metadata.permissions().mode();
        if metadata.uid() == self.uid {
            mode & 0o100 != 0
        } else if metadata.gid() == self.gid {
            mode & 0o010 != 0
        } else {
            mode & 0o001 != 0
        }
    }
}

/// A line of `/etc/passwd`: name, password, uid, gid, ...
fn find_user(users: &str, name: &str) -> Option<Account> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    (uid != 0).then_some(Account { uid, gid, other: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/bash\npostgres2:x:7:7::/:/bin/sh\n\
        postgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\nbroken\nzero:x:0:0::/:/bin/sh\n";

    #[test]
    fn users_are_found_by_their_whole_name() {
        assert_eq!(find_user(USERS, "postgres"), Some(Account { uid: 101, gid: 104, other: true }));
        for name in ["nobody", "broken", "postgre"] {
            assert_eq!(find_user(USERS, name), None, "{name}");
        }
    }

    #[test]
    fn a_command_gets_nothing_of_our_environment() {
        let account = Account { uid: 1, gid: 1, other: false };
        let command = account.command(Path::new("/usr/bin/env"));
        let mut command = command.into_std();
        let shown = command.output().unwrap().stdout;
        let shown = String::from_utf8_lossy(&shown).into_owned();
        let mut names: Vec<_> = shown.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        names.sort_unstable();
        assert_eq!(names, ["LC_ALL", "PATH", "TZ"], "{shown}");
    }

    #[test]
    fn root_by_another_name_is_refused() {
        assert_eq!(find_user(USERS, "zero"), None);
    }
}
