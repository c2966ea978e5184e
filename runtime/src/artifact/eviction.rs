//! Eviction: when the cache directory holds too much, the least recently used modules are removed.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// A sweep leaves a tenth free: sweeping looks at every file.
const FREE_SHARE: u64 = 10;

/// The limit of one cache directory, over all builds that ever used it.
#[derive(Debug)]
pub(super) struct Eviction {
    cache_dir: PathBuf,
    /// Files here are removed only when their names begin with one of `removable`: this build is using the others.
    own: PathBuf,
    removable: &'static [&'static str],
    bytes_max: u64,
    /// What is held, or more: a file that is written again counts twice until the next sweep.
    bytes: Mutex<u64>,
}

/// A module's files: they are of no use without each other.
struct Group {
    files: Vec<PathBuf>,
    bytes: u64,
    used: SystemTime,
}

impl Eviction {
    /// Counts what is there, and sweeps when that is too much already.
    pub(super) fn new(
        cache_dir: &Path,
        own: &Path,
        removable: &'static [&'static str],
        bytes_max: u64,
    ) -> io::Result<Self> {
        let bound = Self {
            cache_dir: cache_dir.to_owned(),
            own: own.to_owned(),
            removable,
            bytes_max,
            bytes: Mutex::new(0),
        };
        let held = bound.groups()?.values().map(|group| group.bytes).sum();
        bound.wrote(held);
        Ok(bound)
    }

    /// Counts bytes that were written, and sweeps when there are too many. Never fails: the modules of today matter more than yesterday's.
    pub(super) fn wrote(&self, more: u64) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *bytes = bytes.saturating_add(more);
        if *bytes <= self.bytes_max {
            return;
        }
        match self.sweep() {
            Ok(left) => *bytes = left,
            Err(error) => tracing::warn!(%error, "the cache directory could not be swept"),
        }
    }

    /// Removes the least recently used modules; how much is left.
    fn sweep(&self) -> io::Result<u64> {
        let mut groups: Vec<Group> = self.groups()?.into_values().collect();
        groups.sort_by_key(|group| group.used);
        let mut left: u64 = groups.iter().map(|group| group.bytes).sum();
        let target = self.bytes_max - self.bytes_max / FREE_SHARE;
        let mut removed = 0_usize;
        for group in groups.iter().filter(|group| self.is_removable(group)) {
            if left <= target {
                break;
            }
            for file in &group.files {
                // Another process that shares the directory may have been faster.
                let _gone = fs::remove_file(file);
            }
            left -= group.bytes;
            removed += 1;
        }
        tracing::info!(
            modules = removed,
            "compiled modules that were not used for longest left the cache directory"
        );
        Ok(left)
    }

    fn is_removable(&self, group: &Group) -> bool {
        group.files.iter().all(|file| {
            !file.starts_with(&self.own)
                || file.file_name().is_some_and(|name| {
                    let name = name.to_string_lossy();
                    self.removable.iter().any(|prefix| name.starts_with(prefix))
                })
        })
    }

    /// Every module of every build: the directories in the cache directory hold nothing else.
    fn groups(&self) -> io::Result<HashMap<(PathBuf, OsString), Group>> {
        let mut groups = HashMap::new();
        for build in fs::read_dir(&self.cache_dir)? {
            let build = build?;
            if !build.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(build.path())? {
                let path = file?.path();
                // Removed between being listed and being looked at.
                let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
                if metadata.is_file() {
                    let stem = path.file_stem().unwrap_or_default().to_owned();
                    let group = groups.entry((build.path(), stem)).or_insert_with(Group::empty);
                    group.add(path, &metadata);
                }
            }
        }
        Ok(groups)
    }
}

impl Group {
    fn empty() -> Self {
        Self { files: Vec::new(), bytes: 0, used: SystemTime::UNIX_EPOCH }
    }

    fn add(&mut self, path: PathBuf, metadata: &fs::Metadata) {
        self.files.push(path);
        self.bytes += metadata.len();
        self.used = self.used.max(metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Directory(tempfile::TempDir);

    impl Directory {
        fn new() -> Self {
            let directory = Self(tempfile::tempdir().unwrap());
            fs::create_dir(directory.own()).unwrap();
            directory
        }

        fn own(&self) -> PathBuf {
            self.0.path().join("own")
        }

        /// A module of ten bytes, last used at a time in seconds after the epoch.
        fn module(&self, build: &str, name: &str, used: u64) {
            fs::create_dir_all(self.0.path().join(build)).unwrap();
            for (extension, bytes) in [("cwasm", 8), ("mac", 2)] {
                let path = self.0.path().join(build).join(format!("{name}.{extension}"));
                fs::write(&path, vec![0; bytes]).unwrap();
                let at = SystemTime::UNIX_EPOCH + Duration::from_secs(used);
                fs::File::open(path).unwrap().set_modified(at).unwrap();
            }
        }

        fn bound(&self, bytes_max: u64) -> Eviction {
            Eviction::new(self.0.path(), &self.own(), &["image-"], bytes_max).unwrap()
        }

        fn names(&self) -> Vec<String> {
            let mut names = Vec::new();
            for build in fs::read_dir(self.0.path()).unwrap().map(Result::unwrap) {
                if build.file_type().unwrap().is_dir() {
                    let files = fs::read_dir(build.path()).unwrap();
                    names.extend(files.map(|file| file.unwrap().file_name().into_string().unwrap()));
                }
            }
            names.sort();
            names
        }
    }

    #[test]
    fn at_the_bound_nothing_goes() {
        let directory = Directory::new();
        directory.module("own", "image-a", 1);
        directory.module("own", "image-b", 2);
        let bound = directory.bound(20);
        assert_eq!(directory.names().len(), 4);
        directory.module("own", "image-c", 3);
        bound.wrote(10);
        assert_eq!(
            directory.names(),
            ["image-c.cwasm", "image-c.mac"],
            "two do not leave a tenth of 20 free"
        );
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first_whichever_build_made_it() {
        let directory = Directory::new();
        directory.module("own", "image-a", 1);
        directory.module("other", "engine-b", 2);
        directory.module("other", "image-c", 4);
        directory.module("own", "image-d", 3);
        directory.bound(25);
        assert_eq!(directory.names(), ["image-c.cwasm", "image-c.mac", "image-d.cwasm", "image-d.mac"]);
    }

    #[test]
    fn the_engine_in_use_and_the_key_stay() {
        let directory = Directory::new();
        fs::write(directory.0.path().join("artifacts.key"), "key").unwrap();
        directory.module("own", "engine-a", 1);
        directory.module("own", "image-b", 2);
        directory.bound(5);
        assert_eq!(directory.names(), ["engine-a.cwasm", "engine-a.mac"]);
        assert!(directory.0.path().join("artifacts.key").exists());
    }
}
