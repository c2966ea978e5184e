//! The `mayfly dev` that runs in this folder, or in one above it: its address, its app and that app's key.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where `mayfly dev` tells it, in its data directory.
const FOLDER: &str = ".mayfly/dev";
const END: &str = ".running.json";
const FILE_BYTES_MAX: u64 = 64 << 10;

/// A server as `mayfly dev` announces it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct DevServer {
    pub(crate) url: String,
    pub(crate) app: String,
    pub(crate) key: String,
}

/// The nearest one.
pub(crate) fn running() -> Option<DevServer> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().find_map(|folder| newest(&folder.join(FOLDER)))
}

/// Of several, that which began last.
fn newest(folder: &Path) -> Option<DevServer> {
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.to_string_lossy().ends_with(END)).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.metadata().and_then(|file| file.modified()).ok()));
    files.iter().find_map(|file| {
        let small = file.metadata().ok()?.len() <= FILE_BYTES_MAX;
        small.then(|| serde_json::from_slice(&std::fs::read(file).ok()?).ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_server_of_a_folder_is_found() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(newest(dir.path()), None);
        std::fs::write(dir.path().join("a.json"), "{}").unwrap();
        std::fs::write(dir.path().join("b.running.json"), "{").unwrap();
        assert_eq!(newest(dir.path()), None);
        let text = r#"{"url": "http://127.0.0.1:1", "app": "app_1", "key": "bb_sk_1"}"#;
        std::fs::write(dir.path().join("c.running.json"), text).unwrap();
        assert_eq!(newest(dir.path()).unwrap().app, "app_1");
    }
}
