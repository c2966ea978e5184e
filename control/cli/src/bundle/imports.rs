//! Which file of a bundle imports which: the way to a file from the entry, and files that import each other.

use std::collections::{BTreeMap, HashSet, VecDeque};

use serde_json::Value;

/// Where packages lie.
const PACKAGES: &str = "node_modules/";

/// The imports of a bundle's files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Imports {
    /// What each file imports, in its order. Without what it imports while it runs.
    of: BTreeMap<String, Vec<String>>,
    /// The file that imports each one first, on the shortest way from the entry.
    first: BTreeMap<String, String>,
}

impl Imports {
    /// Those that esbuild tells of, from the entry on.
    pub(super) fn of(metafile: &Value, entry: &str) -> Self {
        let Some(inputs) = metafile["inputs"].as_object() else { return Self::default() };
        // The metafile has the path that esbuild made of it, from the folder that it was started in.
        let is_it = |known: &&String| entry.ends_with(known.trim_start_matches("../"));
        let Some(entry) = inputs.keys().filter(is_it).max_by_key(|known| known.len()) else {
            return Self::default();
        };
        let mut imports = Self::default();
        let mut seen = HashSet::from([entry.as_str()]);
        let mut next = VecDeque::from([entry.as_str()]);
        while let Some(at) = next.pop_front() {
            for import in inputs.get(at).into_iter().flat_map(|input| input["imports"].as_array()).flatten() {
                let Some((path, _)) = import["path"].as_str().and_then(|path| inputs.get_key_value(path))
                else {
                    continue;
                };
                if import["kind"] != "dynamic-import" {
                    imports.of.entry(at.to_owned()).or_default().push(path.clone());
                }
                if seen.insert(path) {
                    imports.first.insert(path.clone(), at.to_owned());
                    next.push_back(path);
                }
            }
        }
        imports
    }

    /// The shortest way to a file, the entry first.
    pub(super) fn way(&self, file: &str) -> Vec<String> {
        let mut way: Vec<String> =
            std::iter::successors(Some(file), |file| self.first.get(*file).map(String::as_str))
                .map(str::to_owned)
                .collect();
        way.reverse();
        way
    }

    /// What the imports say about the first file that a text names, such as the stack of what the top level threw.
    pub(super) fn explain(&self, text: &str) -> Option<String> {
        let file = self.named(text)?;
        if let Some(cycle) = self.cycle(file) {
            return Some(format!(
                "a cycle of imports: these files import each other, so that the one that runs first finds nothing in the others yet: {}",
                cycle.join(" > ")
            ));
        }
        let way = self.way(file);
        (way.len() > 1 && file.contains(PACKAGES)).then(|| format!("imported by way of {}", way.join(" > ")))
    }

    /// The file that stands first in a text, with the place in it.
    fn named(&self, text: &str) -> Option<&str> {
        let files = self.first.keys().chain(self.of.keys().filter(|file| !self.first.contains_key(*file)));
        let at = |file: &str| {
            let end = match file.rsplit_once(PACKAGES) {
                // A package's files are told from its folder on.
                Some((_, within)) => format!("{PACKAGES}{within}:"),
                None => format!("{}:", file.trim_start_matches("../")),
            };
            text.match_indices(&end).map(|(at, _)| at).find(|at| {
                let before = text[..*at].chars().next_back();
                before.is_none_or(|before| matches!(before, '(' | '/' | ' ' | '"'))
            })
        };
        let found = files.filter_map(|file| Some((at(file)?, file)));
        // Of two that end alike, the longer is meant.
        found.min_by_key(|(at, file)| (*at, usize::MAX - file.len())).map(|(_, file)| file.as_str())
    }

    /// The shortest way from a file back to itself, which stands at both ends.
    fn cycle(&self, file: &str) -> Option<Vec<String>> {
        let mut from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut next = VecDeque::from([file]);
        while let Some(at) = next.pop_front() {
            for import in self.of.get(at).into_iter().flatten() {
                if import == file {
                    let back = std::iter::successors(Some(at), |at| from.get(at).copied());
                    let mut cycle: Vec<String> =
                        std::iter::once(file).chain(back).map(str::to_owned).collect();
                    cycle.reverse();
                    return (cycle.len() > 2).then_some(cycle);
                }
                if !from.contains_key(import.as_str()) {
                    from.insert(import, at);
                    next.push_back(import);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn imports(edges: &[(&str, &[&str])]) -> Imports {
        let input = |to: &[&str]| {
            let to: Vec<Value> =
                to.iter().map(|path| json!({ "path": path, "kind": "import-statement" })).collect();
            json!({ "imports": to })
        };
        let inputs: serde_json::Map<String, Value> =
            edges.iter().map(|(from, to)| ((*from).to_owned(), input(to))).collect();
        Imports::of(&json!({ "inputs": inputs }), &format!("/home/{}", edges[0].0))
    }

    #[test]
    fn the_way_to_a_package_that_a_text_names_is_told() {
        let (inner, index) = ("node_modules/a/inner.js", "node_modules/a/index.js");
        let imports = imports(&[
            ("f/index.ts", &["f/help.ts"]),
            ("f/help.ts", &[index]),
            (index, &[inner]),
            (inner, &[]),
        ]);
        let way =
            "imported by way of f/index.ts > f/help.ts > node_modules/a/index.js > node_modules/a/inner.js";
        let text = "it was at <eval> (../x/node_modules/a/inner.js:1:10)";
        assert_eq!(imports.explain(text).as_deref(), Some(way));
        assert_eq!(imports.explain("node_modules/a/other.js:1:1"), None);
        // The author's own file needs no way.
        assert_eq!(imports.explain("(f/help.ts:1:1)"), None);
    }

    #[test]
    fn files_that_import_each_other_are_told() {
        let imports = imports(&[
            ("f/index.ts", &["f/a.ts", "f/own.ts"]),
            ("f/a.ts", &["f/b.ts"]),
            ("f/b.ts", &["f/c.ts", "f/a.ts"]),
            ("f/c.ts", &["f/index.ts"]),
            ("f/own.ts", &["f/own.ts"]),
        ]);
        let told =
            |text: &str| imports.explain(text).map(|said| said.split_once("yet: ").unwrap().1.to_owned());
        assert_eq!(
            told("at x (w/f/b.ts:2:23)\n at y (w/f/c.ts:1:1)").as_deref(),
            Some("f/b.ts > f/a.ts > f/b.ts")
        );
        assert_eq!(told("(f/c.ts:1:1)").as_deref(), Some("f/c.ts > f/index.ts > f/a.ts > f/b.ts > f/c.ts"));
        assert_eq!(told("(f/index.ts:1:1)").unwrap().matches('>').count(), 4);
        assert_eq!((told("(f/own.ts:1:1)"), told("(xf/b.ts:1:1)")), (None, None));
    }

    #[test]
    fn what_is_imported_while_the_program_runs_makes_no_cycle() {
        let metafile = json!({ "inputs": {
            "a.ts": { "imports": [{ "path": "b.ts", "kind": "import-statement" }] },
            "b.ts": { "imports": [{ "path": "a.ts", "kind": "dynamic-import" }] },
        } });
        assert_eq!(Imports::of(&metafile, "a.ts").explain("(b.ts:1:1)"), None);
        assert_eq!(Imports::of(&Value::Null, "a.ts"), Imports::default());
    }
}
