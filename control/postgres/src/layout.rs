//! The layout of the cluster's files, and their permissions.
//!
//! Everything is below `<data-dir>/postgres`: `data`, `socket` and `postgres.log`. Only the account that PostgreSQL
//! runs under (and root) can enter. Two cases need another place: a data directory that this account cannot reach,
//! as below root's home, and a path too long for a socket.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ring::digest::{SHA256, digest};

use super::account::Account;
use crate::{ClusterError, ServerAddress};

/// The longest path that every system takes for a socket, in bytes (Linux: 107, macOS: 103).
const SOCKET_PATH_MAX: usize = 103;

/// Where root's clusters lie when the data directory is out of PostgreSQL's reach.
const SYSTEM_STATE: &str = "/var/lib/mayfly";

/// The socket's number; it is the only one in its directory.
pub(super) const PORT: u16 = 5432;

/// The paths of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) data: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) log: PathBuf,
}

impl Layout {
    /// Make what is missing, with the right owner and mode.
    pub(super) fn prepare(data_dir: &Path, account: &Account) -> Result<Self, ClusterError> {
        let root = cluster_root(data_dir, account)?;
        make_private(&root, account)?;
        let socket = socket_directory(&root);
        make_private(&socket, account)?;
        Ok(Self { data: root.join("data"), log: root.join("postgres.log"), socket })
    }

    /// Where a cluster lies that runs already; nothing is made.
    pub(super) fn of_running(data_dir: &Path) -> Result<Self, ClusterError> {
        let usual =
            fs::canonicalize(data_dir).map_err(ClusterError::io("cannot find", data_dir))?.join("postgres");
        let root = fs::read_link(&usual).unwrap_or(usual);
        Ok(Self { data: root.join("data"), log: root.join("postgres.log"), socket: socket_directory(&root) })
    }

    /// Remove the socket's directory when it had to lie in a shared place. The server must be gone.
    pub(super) fn tidy(&self) {
        if self.data.parent() != self.socket.parent() {
            // Not empty: then it is in use, and the next start uses it again.
            let _ = fs::remove_dir(&self.socket);
        }
    }
}

/// How often a lock that is held is asked for, and the time between.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Held while a Mayfly serves the data directory.
#[derive(Debug)]
pub(super) struct DataDirLock(
    #[expect(dead_code, reason = "the lock lasts as long as the file is open")] File,
);

impl DataDirLock {
    /// Refuses the second one; a dead process holds nothing.
    ///
    /// A process that is being started holds copies of its parent's files for a moment, this one among them, so that a
    /// lock may outlive its holder by that much: it is asked for a few times before it counts as taken.
    pub(super) async fn take(data_dir: &Path) -> Result<Self, ClusterError> {
        for _ in 1..LOCK_ATTEMPTS {
            match Self::try_take(data_dir) {
                Err(ClusterError::InUse(_)) => tokio::time::sleep(LOCK_PAUSE).await,
                other => return other,
            }
        }
        Self::try_take(data_dir)
    }

    fn try_take(data_dir: &Path) -> Result<Self, ClusterError> {
        fs::create_dir_all(data_dir).map_err(ClusterError::io("cannot create", data_dir))?;
        let path = data_dir.join("mayfly.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(ClusterError::io("cannot open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(ClusterError::InUse(data_dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(ClusterError::io("cannot lock", &path)(source)),
        }
    }
}

fn cluster_root(data_dir: &Path, account: &Account) -> Result<PathBuf, ClusterError> {
    let data_dir = fs::canonicalize(data_dir).map_err(ClusterError::io("cannot find", data_dir))?;
    let usual = data_dir.join("postgres");
    if let Ok(elsewhere) = fs::read_link(&usual) {
        return Ok(elsewhere);
    }
    match account.barrier(&data_dir) {
        None => Ok(usual),
        // Ours to open: passing through is all that is needed, and files in it have modes of their own.
        Some(barrier) if barrier == data_dir => {
            let mode = metadata(&data_dir)?.permissions().mode();
            set_mode(&data_dir, mode | 0o001)?;
            match account.barrier(&data_dir) {
                None => Ok(usual),
                Some(_) => out_of_reach(&data_dir, &usual),
            }
        }
        Some(_) => out_of_reach(&data_dir, &usual),
    }
}

/// A place that the account can reach, and a link to it from where the cluster would have been.
fn out_of_reach(data_dir: &Path, usual: &Path) -> Result<PathBuf, ClusterError> {
    let elsewhere = Path::new(SYSTEM_STATE).join(short_name(data_dir));
    fs::create_dir_all(SYSTEM_STATE).map_err(ClusterError::io("cannot create", SYSTEM_STATE))?;
    std::os::unix::fs::symlink(&elsewhere, usual).map_err(ClusterError::io("cannot link", usual))?;
    tracing::warn!(
        data_dir = %data_dir.display(),
        cluster = %elsewhere.display(),
        "PostgreSQL does not run as root and cannot reach the data directory: the cluster lies elsewhere"
    );
    Ok(elsewhere)
}

/// Beside the data, unless that path is too long for a socket.
fn socket_directory(root: &Path) -> PathBuf {
    let usual = root.join("socket");
    let length = ServerAddress::socket_path(&usual, PORT).as_os_str().len();
    if length <= SOCKET_PATH_MAX {
        return usual;
    }
    Path::new("/tmp").join(format!("mayfly-{}", short_name(root)))
}

/// A name derived from the path alone, so that a crash leaves no second directory.
fn short_name(path: &Path) -> String {
    hex::encode(&digest(&SHA256, path.as_os_str().as_encoded_bytes()).as_ref()[..8])
}

/// A real directory of the account's own that no other user can enter. One that another user prepared in a shared
/// place is refused, not taken over.
fn make_private(path: &Path, account: &Account) -> Result<(), ClusterError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(ClusterError::io("cannot create", path)(error)),
    }
    let found = fs::symlink_metadata(path).map_err(ClusterError::io("cannot look at", path))?;
    let ours = [account.uid, rustix::process::geteuid().as_raw()].contains(&found.uid());
    if !found.is_dir() || !ours {
        let refusal = std::io::Error::other("another user made it");
        return Err(ClusterError::io("cannot use", path)(refusal));
    }
    set_mode(path, 0o700)?;
    account.own(path)
}

fn metadata(path: &Path) -> Result<fs::Metadata, ClusterError> {
    fs::metadata(path).map_err(ClusterError::io("cannot look at", path))
}

fn set_mode(path: &Path, mode: u32) -> Result<(), ClusterError> {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(ClusterError::io("cannot set the mode of", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_directory_gets_a_short_socket() {
        let deep = PathBuf::from(format!("/{}", "deep/".repeat(40)));
        let socket = ServerAddress::socket_path(&socket_directory(&deep), PORT);
        assert!(socket.as_os_str().len() <= SOCKET_PATH_MAX, "{}", socket.display());
        assert_eq!(socket_directory(&deep), socket_directory(&deep));
        assert_eq!(socket_directory(Path::new("/srv")), Path::new("/srv/socket"));
    }

    #[tokio::test]
    async fn the_second_is_refused_while_the_first_lives() {
        let directory = tempfile::tempdir().unwrap();
        let first = DataDirLock::try_take(directory.path()).unwrap();
        assert!(matches!(DataDirLock::try_take(directory.path()), Err(ClusterError::InUse(_))));
        drop(first);
        DataDirLock::take(directory.path()).await.unwrap();
    }
}
