//! What packages put in place of their files where there is no Node: the maps of their `browser` fields. They are for
//! packages that reach a module that functions have only in part, or not at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use mayfly_runtime::is_stand_in;
use serde_json::Value;

/// What stands for a file or a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Replaced {
    /// An empty module.
    Nothing,
    /// Another file, or another name.
    By(String),
}

/// The maps by the folders of their packages.
#[derive(Debug, Default)]
pub(super) struct BrowserMaps(HashMap<PathBuf, BTreeMap<String, Replaced>>);

impl BrowserMaps {
    /// Those of the packages through which a bundle reaches what functions have not.
    pub(super) fn of(metafile: &Value, folder: &Path) -> Self {
        let packages: BTreeSet<PathBuf> = reaching(metafile)
            .iter()
            .filter_map(|file| package_of(&folder.join(file)).map(Path::to_owned))
            .collect();
        Self(packages.into_iter().filter_map(|package| Some((package.clone(), read(&package)?))).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands for a bare name in the package of `importer`.
    pub(super) fn of_name(&self, importer: &Path, name: &str) -> Option<Replaced> {
        if name.starts_with('.') || self.is_empty() {
            return None;
        }
        let package = package_of(importer)?;
        let map = self.0.get(package)?;
        let name = name.strip_prefix("node:").unwrap_or(name);
        let replaced = map.get(name).or_else(|| map.get(&format!("node:{name}")))?;
        Some(match replaced {
            Replaced::By(target) if target.starts_with('.') => Replaced::By(within(package, target)),
            other => other.clone(),
        })
    }

    /// What stands for a file of a package.
    pub(super) fn of_file(&self, file: &Path) -> Option<Replaced> {
        let package = package_of(file)?;
        let map = self.0.get(package)?;
        let inner = file.strip_prefix(package).ok()?.to_string_lossy().replace('\\', "/");
        let bare = inner.rsplit_once('.').map_or(inner.as_str(), |(bare, _)| bare);
        let folder = bare.strip_suffix("/index").unwrap_or(bare);
        let replaced = [inner.as_str(), bare, folder]
            .iter()
            .flat_map(|name| [format!("./{name}"), (*name).to_owned()])
            .find_map(|name| map.get(&name))?;
        match replaced {
            Replaced::Nothing => Some(Replaced::Nothing),
            // Another package would have to be found first.
            Replaced::By(target) if !target.starts_with('.') => None,
            Replaced::By(target) => Some(Replaced::By(existing(&within(package, target))?)),
        }
    }
}

fn within(package: &Path, target: &str) -> String {
    package.join(target.trim_start_matches("./")).to_string_lossy().into_owned()
}

fn existing(path: &str) -> Option<String> {
    let ends = ["", ".js", ".mjs", ".cjs", "/index.js"];
    ends.iter().map(|end| format!("{path}{end}")).find(|path| Path::new(path).is_file())
}

/// The files from which a module is reached that functions have not, or only in part.
fn reaching(metafile: &Value) -> BTreeSet<&str> {
    let mut importers: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut next = Vec::new();
    for (file, input) in metafile["inputs"].as_object().into_iter().flatten() {
        for import in input["imports"].as_array().into_iter().flatten() {
            let path = import["path"].as_str().unwrap_or_default();
            if import["external"] == true && is_stand_in(path) {
                next.push(file.as_str());
            } else {
                importers.entry(path).or_default().push(file);
            }
        }
    }
    let mut reaching = BTreeSet::new();
    while let Some(file) = next.pop() {
        if reaching.insert(file) {
            next.extend(importers.get(file).into_iter().flatten());
        }
    }
    reaching
}

/// How often a bundle imports what functions have not.
pub(super) fn stand_ins(metafile: &Value) -> usize {
    let inputs = metafile["inputs"].as_object().into_iter().flat_map(|inputs| inputs.values());
    inputs
        .flat_map(|input| input["imports"].as_array().into_iter().flatten())
        .filter(|import| import["external"] == true && import["path"].as_str().is_some_and(is_stand_in))
        .count()
}

/// The folder of the package that a file belongs to; `None` for the author's own.
fn package_of(file: &Path) -> Option<&Path> {
    let names: Vec<_> = file.components().map(|part| part.as_os_str()).collect();
    let modules = names.iter().rposition(|name| *name == "node_modules")?;
    let scoped = names.get(modules + 1)?.to_str()?.starts_with('@');
    let depth = modules + if scoped { 3 } else { 2 };
    file.ancestors().nth(names.len().checked_sub(depth)?)
}

fn read(package: &Path) -> Option<BTreeMap<String, Replaced>> {
    let text = std::fs::read_to_string(package.join("package.json")).ok()?;
    let package: Value = serde_json::from_str(&text).ok()?;
    let map = package["browser"].as_object()?.iter().filter_map(|(name, target)| {
        let replaced = match target {
            Value::Bool(false) => Replaced::Nothing,
            Value::String(target) => Replaced::By(target.clone()),
            _ => return None,
        };
        Some((name.clone(), replaced))
    });
    Some(map.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_are_those_of_packages_that_reach_what_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: String| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let browser =
            json!({ "./lib/node.js": "./lib/web", "./gone": false, "fs": false, "ws": "./lib/web.js" });
        write("node_modules/@a/b/package.json", json!({ "browser": browser }).to_string());
        write("node_modules/@a/b/lib/web.js", String::new());
        write("node_modules/c/package.json", json!({ "browser": { "./x.js": false } }).to_string());
        let fs = json!([{ "path": "node:fs", "kind": "require-call", "external": true }]);
        let metafile = json!({ "inputs": {
            "node_modules/@a/b/lib/node.js": { "imports": fs },
            "node_modules/c/x.js": { "imports": [] },
            "f.ts": { "imports": [{ "path": "node_modules/@a/b/lib/node.js" }, { "path": "node_modules/c/x.js" }] },
        } });
        let maps = BrowserMaps::of(&metafile, dir.path());
        let package = dir.path().join("node_modules/@a/b");
        let web = Replaced::By(package.join("lib/web.js").to_string_lossy().into_owned());
        assert_eq!(maps.of_file(&package.join("lib/node.js")), Some(web.clone()));
        assert_eq!(maps.of_file(&package.join("gone/index.js")), Some(Replaced::Nothing));
        assert_eq!(maps.of_file(&package.join("other.js")), None);
        assert_eq!(maps.of_file(&dir.path().join("node_modules/c/x.js")), None);
        assert_eq!(maps.of_name(&package.join("a.js"), "node:fs"), Some(Replaced::Nothing));
        assert_eq!(maps.of_name(&package.join("a.js"), "ws"), Some(web));
        assert_eq!(maps.of_name(&dir.path().join("f.ts"), "fs"), None);
        assert_eq!(stand_ins(&metafile), 1);
        assert!(BrowserMaps::of(&json!({ "inputs": {} }), dir.path()).is_empty());
    }
}
