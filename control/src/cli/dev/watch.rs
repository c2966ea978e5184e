//! Tells when something in a folder of functions may have changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use mayfly_cli::out;

/// An editor writes a file in several steps: what follows this soon belongs to the same change.
const SETTLE: Duration = Duration::from_millis(20);

/// Watches a folder, the functions' folders in it, and those that they import from. Nothing deeper: the server's own
/// data may lie there.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    events: mpsc::Receiver<()>,
    watched: BTreeSet<PathBuf>,
}

impl Watch {
    pub(super) fn start(dir: &Path) -> notify::Result<Self> {
        // One that waits is enough: it means "look again".
        let (tell, events) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let matters = event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_)));
            if matters {
                // Full means that it has been said already.
                let _ = tell.try_send(());
            }
        })?;
        let mut watch = Self { watcher, events, watched: BTreeSet::new() };
        watch.watcher.watch(dir, RecursiveMode::NonRecursive)?;
        watch.follow(dir, BTreeSet::new());
        Ok(watch)
    }

    /// Wait for a change; `false` when there will be none any more.
    pub(super) async fn changed(&mut self, dir: &Path) -> bool {
        if self.events.recv().await.is_none() {
            return false;
        }
        while tokio::time::timeout(SETTLE, self.events.recv()).await.is_ok_and(|event| event.is_some()) {}
        self.follow(dir, BTreeSet::new());
        true
    }

    /// Watch every folder in it that holds a function or may come to hold one, and these.
    pub(super) fn follow(&mut self, dir: &Path, mut folders: BTreeSet<PathBuf>) {
        folders.extend(subfolders(dir));
        folders.retain(|folder| folder.is_dir());
        for folder in folders.difference(&self.watched) {
            if let Err(error) = self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                out::complain(&format!("{} is not watched: {error}", folder.display()));
            }
        }
        self.watched.retain(|folder| folder.is_dir());
        self.watched.extend(folders);
    }
}

fn subfolders(dir: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(".");
        path.is_dir() && !name.starts_with('.') && name != "node_modules"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_in_a_functions_folder_is_told_also_in_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::create_dir(path("hello")).unwrap();
        let mut watch = Watch::start(dir.path()).unwrap();
        std::fs::write(path("hello/index.ts"), "1").unwrap();
        assert!(watch.changed(dir.path()).await);
        std::fs::create_dir(path("later")).unwrap();
        assert!(watch.changed(dir.path()).await);
        std::fs::write(path("later/index.ts"), "1").unwrap();
        assert!(watch.changed(dir.path()).await);
    }
}
