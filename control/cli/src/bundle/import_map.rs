//! What imports mean by a project's import map: `deno.json` beside the function or above it, or `import_map.json`.

use std::path::{Path, PathBuf};

use serde_json::Value;

const FILES: [&str; 3] = ["deno.json", "deno.jsonc", "import_map.json"];
const FILE_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct ImportMap {
    folder: PathBuf,
    entries: Vec<(String, String)>,
    /// What JSX means, as esbuild's flags say it.
    pub(super) jsx: Vec<String>,
}

impl ImportMap {
    /// The nearest one of a folder, up to that of the project: where a `package.json` or a `.git` is.
    pub(super) fn of(folder: &Path) -> Self {
        for folder in folder.ancestors() {
            if let Some(map) = FILES.iter().find_map(|file| Self::read(&folder.join(file))) {
                return map;
            }
            if ["package.json", ".git"].iter().any(|end| folder.join(end).exists()) {
                break;
            }
        }
        Self::default()
    }

    fn read(file: &Path) -> Option<Self> {
        if file.metadata().ok()?.len() > FILE_BYTES_MAX {
            return None;
        }
        let value: Value =
            serde_json::from_str(&without_comments(&std::fs::read_to_string(file).ok()?)).ok()?;
        let entries = value["imports"].as_object().into_iter().flatten();
        let entries = entries.filter_map(|(name, target)| Some((name.clone(), target.as_str()?.to_owned())));
        let jsx = jsx(&value["compilerOptions"]);
        Some(Self { folder: file.parent()?.to_owned(), entries: entries.collect(), jsx })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What a specifier stands for, and the folder from which that is to be found.
    pub(super) fn find(&self, specifier: &str) -> Option<(String, PathBuf)> {
        let exact = self.entries.iter().find(|(name, _)| name == specifier).map(|(_, target)| target.clone());
        let within = || {
            let (name, target) = self
                .entries
                .iter()
                .filter(|(name, _)| name.ends_with('/') && specifier.starts_with(name.as_str()))
                .max_by_key(|(name, _)| name.len())?;
            Some(format!("{target}{}", specifier.strip_prefix(name.as_str())?))
        };
        // Deno has `NAME/path` mean a path within what NAME stands for.
        let package = || {
            let (name, target) =
                self.entries.iter().filter(|(_, target)| is_registry(target)).find(|(name, _)| {
                    specifier.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('/'))
                })?;
            Some(format!("{target}{}", specifier.strip_prefix(name.as_str())?))
        };
        let target = exact.or_else(within).or_else(package)?;
        (target != specifier).then(|| (target, self.folder.clone()))
    }
}

fn is_registry(target: &str) -> bool {
    target.starts_with("npm:") || target.starts_with("jsr:")
}

fn jsx(options: &Value) -> Vec<String> {
    let mut flags = Vec::new();
    match options["jsx"].as_str() {
        Some("react-jsx" | "precompile") => flags.push("--jsx=automatic".to_owned()),
        Some("react") => flags.push("--jsx=transform".to_owned()),
        _ => {}
    }
    for (name, flag) in [
        ("jsxImportSource", "--jsx-import-source"),
        ("jsxFactory", "--jsx-factory"),
        ("jsxFragmentFactory", "--jsx-fragment"),
    ] {
        if let Some(value) = options[name].as_str() {
            flags.push(format!("{flag}={value}"));
        }
    }
    flags
}

/// JSON as Deno reads it: with comments, which are no part of strings.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(_)) if quoted => {
                out.push(c);
                out.extend(chars.next());
                continue;
            }
            ('"', _) => quoted = !quoted,
            ('/', Some('/')) if !quoted => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
                continue;
            }
            ('/', Some('*')) if !quoted => {
                chars.next();
                let mut last = ' ';
                while let Some(c) = chars.next().filter(|c| !(last == '*' && *c == '/')) {
                    last = c;
                }
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_map_is_read_from_the_folder_or_above_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("functions/hello");
        std::fs::create_dir_all(&folder).unwrap();
        let text = r#"{ // "zod": no
            "imports": { "zod": "npm:zod@3", "~/": "./lib/", "std/": "https://deno.land/std/", "same": "same" },
            /* * */ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "hono/jsx" } }"#;
        std::fs::write(dir.path().join("deno.json"), text).unwrap();
        let map = ImportMap::of(&folder);
        let find = |name: &str| map.find(name).map(|(target, _)| target);
        assert_eq!(find("zod").as_deref(), Some("npm:zod@3"));
        assert_eq!(find("zod/v4").as_deref(), Some("npm:zod@3/v4"));
        assert_eq!(find("~/a.ts").as_deref(), Some("./lib/a.ts"));
        assert_eq!(find("std/http.ts").as_deref(), Some("https://deno.land/std/http.ts"));
        assert_eq!((find("same"), find("./zod"), find("other")), (None, None, None));
        assert_eq!(map.jsx, ["--jsx=automatic", "--jsx-import-source=hono/jsx"]);
        std::fs::write(folder.join("package.json"), "{}").unwrap();
        assert!(ImportMap::of(&folder).is_empty());
    }
}
