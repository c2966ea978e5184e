//! Finds PostgreSQL's programs on this machine, and refuses versions that do not isolate tenants safely.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::ClusterError;

/// The oldest major version that has what we need.
const MAJOR_MIN: u32 = 15;

/// The first minor of each major version in which row-level security has no known hole: before them, the planner's
/// statistics showed hidden rows (CVE-2025-8713). Versions that are not listed began later.
const SAFE_MINORS: [(u32, u32); 3] = [(15, 14), (16, 10), (17, 6)];

/// A version of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion {
    /// 15, 16, ...
    pub major: u32,
    /// The patch level.
    pub minor: u32,
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl ServerVersion {
    /// From the answer of `postgres --version`. Betas are none.
    fn parse(text: &str) -> Option<Self> {
        let number = text.split_whitespace().nth(2)?;
        let (major, minor) = number.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// From `server_version_num`.
    pub fn from_number(number: u32) -> Self {
        Self { major: number / 10_000, minor: number % 10_000 }
    }

    /// The first safe version of this line, when this is an older one.
    pub fn needs_update(self) -> Option<Self> {
        if self.major < MAJOR_MIN {
            return Some(Self { major: MAJOR_MIN, minor: SAFE_MINORS[0].1 });
        }
        SAFE_MINORS
            .iter()
            .find(|(major, minor)| self.major == *major && self.minor < *minor)
            .map(|(major, minor)| Self { major: *major, minor: *minor })
    }
}

/// A directory with PostgreSQL's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// Where they are.
    pub directory: PathBuf,
    /// Their version.
    pub version: ServerVersion,
}

impl Binaries {
    /// The newest safe ones, or with `major` the newest of that line.
    ///
    /// `directory`, when given, is the only place searched; `path` is the process's `PATH`.
    ///
    /// # Errors
    /// [`ClusterError::NotFound`] and [`ClusterError::TooOld`].
    pub async fn find(
        directory: Option<&Path>,
        path: Option<&OsStr>,
        major: Option<u32>,
    ) -> Result<Self, ClusterError> {
        let places = directory.map_or_else(|| usual_places(path), |only| vec![only.to_owned()]);
        let mut found = Vec::new();
        for place in places {
            if let Some(version) = version_of(&place).await {
                found.push(Self { directory: place, version });
            }
        }
        choose(found, major)
    }

    /// The path of one program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// The newest that is safe; when none is, the newest says what to update.
fn choose(mut found: Vec<Binaries>, major: Option<u32>) -> Result<Binaries, ClusterError> {
    found.retain(|binaries| major.is_none_or(|major| binaries.version.major == major));
    // Stable, so that of equal versions the first place searched wins.
    found.sort_by_key(|binaries| std::cmp::Reverse(binaries.version));
    if let Some(safe) = found.iter().find(|binaries| binaries.version.needs_update().is_none()) {
        return Ok(safe.clone());
    }
    let newest = found.into_iter().next().ok_or(ClusterError::NotFound(major.unwrap_or(MAJOR_MIN)))?;
    let needed = newest.version.needs_update().unwrap_or(newest.version);
    Err(ClusterError::TooOld {
        found: newest.version.to_string(),
        directory: newest.directory,
        needed: needed.to_string(),
    })
}

async fn version_of(directory: &Path) -> Option<ServerVersion> {
    // A client's package brings psql alone: all that we start must be there.
    if !["initdb", "pg_ctl", "postgres"].iter().all(|program| directory.join(program).is_file()) {
        return None;
    }
    let output = Command::new(directory.join("postgres")).arg("--version").output().await.ok()?;
    ServerVersion::parse(std::str::from_utf8(&output.stdout).ok()?)
}

fn usual_places(path: Option<&OsStr>) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    places.extend(children("/usr/lib/postgresql", "").into_iter().map(|version| version.join("bin")));
    places.extend(children("/usr", "pgsql-").into_iter().map(|version| version.join("bin")));
    for homebrew in ["/opt/homebrew/opt", "/usr/local/opt"] {
        places.extend(children(homebrew, "postgresql").into_iter().map(|version| version.join("bin")));
    }
    places
}

fn children(directory: &str, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binaries(major: u32, minor: u32) -> Binaries {
        Binaries { directory: format!("/{major}.{minor}").into(), version: ServerVersion { major, minor } }
    }

    #[test]
    fn versions_are_read() {
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(ServerVersion::parse(debian), Some(ServerVersion { major: 15, minor: 18 }));
        assert_eq!(ServerVersion::parse("postgres (PostgreSQL) 19beta2"), None);
        assert_eq!(ServerVersion::parse(""), None);
    }

    #[test]
    fn the_newest_safe_one_wins() {
        let found = vec![binaries(15, 14), binaries(17, 5), binaries(16, 10)];
        assert_eq!(choose(found.clone(), None).unwrap(), binaries(16, 10));
        assert_eq!(choose(found, Some(15)).unwrap(), binaries(15, 14));
    }

    #[test]
    fn unsafe_ones_are_refused_with_advice() {
        let Err(ClusterError::TooOld { needed, .. }) = choose(vec![binaries(17, 5), binaries(14, 30)], None)
        else {
            panic!("an unsafe version was taken");
        };
        assert_eq!(needed, "17.6");
        assert!(matches!(choose(vec![binaries(14, 30)], None), Err(ClusterError::TooOld { .. })));
        assert!(matches!(choose(Vec::new(), None), Err(ClusterError::NotFound(15))));
    }

    #[test]
    fn lines_that_began_later_are_safe() {
        assert_eq!(ServerVersion { major: 18, minor: 0 }.needs_update(), None);
        assert_eq!(ServerVersion::from_number(150_018), ServerVersion { major: 15, minor: 18 });
    }
}
