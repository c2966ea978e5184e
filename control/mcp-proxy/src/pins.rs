//! Pins: the digest of each tool's definition as a person has approved it. A tool that is otherwise now is another tool.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use mayfly_common::digest::sha256_hex;
use rmcp::model::Tool;
use serde::{Deserialize, Serialize};

use crate::visible::visible;

/// Bytes of a file of pins.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Digests by the tools' names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// Always `1`.
    pub version: u32,
    /// Hexadecimal SHA-256 by name.
    pub tools: BTreeMap<String, String>,
}

/// How a tool compares with the pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinState {
    /// As it was approved.
    Same,
    /// It was another.
    Changed,
    /// It is not pinned.
    Unknown,
}

impl Pins {
    /// Pins of these tools.
    pub fn of<'a>(tools: impl Iterator<Item = &'a Tool>) -> Self {
        Self { version: 1, tools: tools.map(|tool| (tool.name.to_string(), digest(tool))).collect() }
    }

    /// The file's pins; `None` where there is no file.
    ///
    /// # Errors
    /// When it cannot be read, or is no such file.
    pub fn load(file: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(file) {
            Ok(about) if about.len() > FILE_BYTES_MAX => Err(io::Error::other("it is too large")),
            Ok(_) => serde_json::from_slice(&fs::read(file)?).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Write the file, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut written = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut written, self)?;
        written.write_all(b"\n")?;
        written.as_file().sync_all()?;
        written.persist(file)?;
        Ok(())
    }

    /// What is otherwise in newer pins, a line a tool.
    pub fn changes(&self, newer: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (name, digest) in &newer.tools {
            match self.tools.get(name) {
                Some(known) if known == digest => {}
                Some(_) => changes.push(format!("changed: {}", visible(name))),
                None => changes.push(format!("new: {}", visible(name))),
            }
        }
        let gone = self.tools.keys().filter(|name| !newer.tools.contains_key(*name));
        changes.extend(gone.map(|name| format!("gone: {}", visible(name))));
        changes
    }

    /// How a tool compares.
    pub fn compare(&self, tool: &Tool) -> PinState {
        match self.tools.get(&*tool.name) {
            Some(known) if *known == digest(tool) => PinState::Same,
            Some(_) => PinState::Changed,
            None => PinState::Unknown,
        }
    }
}

/// The digest of a definition: its JSON, with the members of each object in order.
pub(crate) fn digest(tool: &Tool) -> String {
    let definition = serde_json::to_value(tool).unwrap_or_default();
    sha256_hex(definition.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn tool(description: &'static str, schema: serde_json::Value) -> Tool {
        Tool::new("add", description, Arc::new(schema.as_object().unwrap().clone()))
    }

    #[test]
    fn any_change_of_a_definition_shows() {
        let first = tool("Adds.", json!({ "type": "object", "properties": { "a": {}, "b": {} } }));
        let pins = Pins::of([&first].into_iter());
        let reordered: serde_json::Value =
            serde_json::from_str(r#"{ "properties": { "b": {}, "a": {} }, "type": "object" }"#).unwrap();
        assert_eq!(pins.compare(&tool("Adds.", reordered)), PinState::Same);
        assert_eq!(
            pins.compare(&tool("Adds!", json!({ "type": "object", "properties": { "a": {}, "b": {} } }))),
            PinState::Changed
        );
        assert_eq!(pins.compare(&tool("Adds.", json!({ "type": "object" }))), PinState::Changed);
        assert_eq!(pins.compare(&Tool::new("sub", "", Arc::new(serde_json::Map::new()))), PinState::Unknown);
    }

    #[test]
    fn a_file_is_kept_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/pins.json");
        assert_eq!(Pins::load(&file).unwrap(), None);
        let pins = Pins::of([&tool("Adds.", json!({}))].into_iter());
        pins.save(&file).unwrap();
        assert_eq!(Pins::load(&file).unwrap(), Some(pins));
        fs::write(&file, "{").unwrap();
        assert!(Pins::load(&file).is_err());
    }
}
