//! What is known of the folder that a command runs in, or of one above it: the `mayfly dev` that runs there, with its address, its
//! app and that app's key; and what `mayfly.toml` says.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where `mayfly dev` tells it, in its data directory.
const FOLDER: &str = ".mayfly/dev";
const END: &str = ".running.json";
const FILE_BYTES_MAX: u64 = 64 << 10;

/// What a project is deployed to.
const PROJECT: &str = "mayfly.toml";

/// `mayfly.toml`. Keys do not stand in it: they would be committed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Project {
    /// The server's address.
    pub(crate) url: Option<String>,
    /// The app's id.
    pub(crate) app: Option<String>,
}

/// The nearest one; nothing where there is none.
pub(crate) fn project() -> Result<Project, String> {
    let Ok(here) = std::env::current_dir() else { return Ok(Project::default()) };
    let found = here.ancestors().map(|folder| folder.join(PROJECT)).find(|file| file.is_file());
    found.map_or_else(|| Ok(Project::default()), |file| read_project(&file))
}

fn read_project(file: &Path) -> Result<Project, String> {
    let at = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let metadata = file.metadata().map_err(|error| at(&error))?;
    if metadata.len() > FILE_BYTES_MAX {
        return Err(at(&format_args!("has more than {FILE_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| at(&error))?;
    toml::from_str(&text).map_err(|error| {
        let hint = if text.lines().any(|line| line.trim_start().starts_with("key")) {
            "; a key does not stand in it: set MAYFLY_KEY"
        } else {
            ""
        };
        at(&format_args!("{}{hint}", error.message()))
    })
}

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
    fn a_project_says_where_it_is_deployed_and_holds_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(PROJECT);
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            read_project(&file)
        };
        assert_eq!(read("# nothing").unwrap(), Project::default());
        let full = read("url = \"https://a.example\"\napp = \"app_0123456789ab\"\n").unwrap();
        assert_eq!(
            (full.url.as_deref(), full.app.as_deref()),
            (Some("https://a.example"), Some("app_0123456789ab"))
        );
        assert!(read("key = \"bb_sk_1\"").unwrap_err().contains("set MAYFLY_KEY"));
        assert!(read("url = 7").unwrap_err().contains("mayfly.toml: "));
        let long = format!("# {}", "x".repeat(FILE_BYTES_MAX as usize));
        assert!(read(&long).unwrap_err().contains("65536 bytes"));
        assert!(read(&long[..FILE_BYTES_MAX as usize]).is_ok());
    }

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
