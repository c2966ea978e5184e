//! A function as it lies in a folder: its source, and what `function.json` and `schema.sql` say beside it.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::bundle::{Bundle, bundle};
use mayfly_api::names;

/// Source files of a function's folder, the first one that is there.
const INDEX_FILES: [&str; 9] = [
    "index.ts",
    "index.js",
    "index.mts",
    "index.mjs",
    "index.tsx",
    "index.jsx",
    "index.cjs",
    "handler.ts",
    "handler.js",
];
/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// A function found on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionSource {
    pub name: String,
    pub file: PathBuf,
    pub bundle: Bundle,
    /// Fields of the deploy's body, from `function.json`.
    pub fields: Map<String, Value>,
    /// Commands to try it with, from `function.json`; `$URL`, `$KEY` and `$APP` stand for this app's.
    pub try_lines: Vec<String>,
    /// `schema.sql`
    pub schema: Option<String>,
}

impl FunctionSource {
    /// Read a function's file, or its folder.
    pub fn read(path: &Path) -> Result<Self, String> {
        let at = |error: io::Error| format!("{}: {error}", path.display());
        let metadata = path.metadata().map_err(at)?;
        if !metadata.is_dir() {
            let name = name_of(path)?;
            let bundle = bundle(path, read_text(path)?)?;
            let file = path.to_owned();
            return Ok(Self { name, file, bundle, fields: Map::new(), try_lines: vec![], schema: None });
        }
        let file = index_of(path).ok_or_else(|| format!("{}: no index.ts or index.js", path.display()))?;
        let name = path.canonicalize().map_err(at)?;
        let name = name.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let (fields, try_lines) = read_settings(&path.join("function.json"))?;
        let schema = path.join("schema.sql");
        let schema = if schema.exists() { Some(read_text(&schema)?) } else { None };
        let bundle = bundle(&file, read_text(&file)?)?;
        Ok(Self { name, bundle, file, fields, try_lines, schema })
    }

    /// The body of its deploy.
    pub fn body(&self) -> Value {
        let mut body = self.fields.clone();
        body.insert("name".into(), self.name.clone().into());
        body.insert("code".into(), self.bundle.code.clone().into());
        if let Some(map) = &self.bundle.source_map {
            body.insert("sourceMap".into(), map.clone().into());
        }
        Value::Object(body)
    }
}

/// The functions of a folder: `<name>/index.ts|js` and `<name>.ts|js`, sorted by name.
pub fn functions_in(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_function = if path.is_dir() {
            names::is_function_name(name) && name != "node_modules" && index_of(&path).is_some()
        } else {
            is_source(name) && stem(&path).is_ok()
        };
        if is_function {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn index_of(dir: &Path) -> Option<PathBuf> {
    INDEX_FILES.iter().map(|file| dir.join(file)).find(|file| file.is_file())
}

fn is_source(name: &str) -> bool {
    !name.ends_with(".d.ts")
        && !name.starts_with('.')
        && [".ts", ".js", ".mts", ".mjs", ".tsx", ".jsx"].iter().any(|end| name.ends_with(end))
}

/// A file's name, or for `index.ts` that of what it is the index of: its folder, or the one around `src`.
fn name_of(path: &Path) -> Result<String, String> {
    if path.file_stem().is_none_or(|stem| stem != "index") {
        return stem(path);
    }
    let folder = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
    let around =
        folder.ancestors().skip(1).find(|folder| folder.file_name().is_some_and(|name| name != "src"));
    let name = around.and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    if names::is_function_name(name) { Ok(name.to_owned()) } else { stem(path) }
}

fn stem(path: &Path) -> Result<String, String> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if names::is_function_name(stem) {
        Ok(stem.to_owned())
    } else {
        Err(format!("{}: a function's name has only letters, digits, - and _", path.display()))
    }
}

fn read_settings(path: &Path) -> Result<(Map<String, Value>, Vec<String>), String> {
    if !path.exists() {
        return Ok((Map::new(), Vec::new()));
    }
    let wrong = |what: &str| format!("{}: {what}", path.display());
    let value: Value = serde_json::from_str(&read_text(path)?).map_err(|error| wrong(&error.to_string()))?;
    let Value::Object(mut fields) = value else { return Err(wrong("expected an object")) };
    for taken in ["name", "code", "sourceMap"] {
        if fields.contains_key(taken) {
            return Err(wrong(&format!("`{taken}` comes from the file, not from here")));
        }
    }
    let try_lines = match fields.remove("try") {
        None => Vec::new(),
        Some(lines) => serde_json::from_value(lines).map_err(|_| wrong("`try` is a list of strings"))?,
    };
    Ok((fields, try_lines))
}

fn read_text(path: &Path) -> Result<String, String> {
    let at = |error: io::Error| format!("{}: {error}", path.display());
    if path.metadata().map_err(at)?.len() > FILE_BYTES_MAX {
        return Err(format!("{}: larger than {FILE_BYTES_MAX} bytes", path.display()));
    }
    std::fs::read_to_string(path).map_err(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_functions_is_found_and_read() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("hello/index.ts", "export default 1");
        write("hello/function.json", r#"{"timeoutMs": 5, "try": ["curl $URL"]}"#);
        write("hello/schema.sql", "select 1");
        write("plain.js", "export default 2");
        write("types.d.ts", "");
        write("bad name.ts", "");
        write("notes/README.md", "");
        write("node_modules/index.js", "");
        write(".hidden/index.ts", "");
        let found = functions_in(dir.path()).unwrap();
        let names: Vec<_> = found.iter().map(|path| FunctionSource::read(path).unwrap().name).collect();
        assert_eq!(names, ["hello", "plain"]);
        let hello = FunctionSource::read(&found[0]).unwrap();
        assert_eq!(hello.schema.as_deref(), Some("select 1"));
        assert_eq!(hello.try_lines, ["curl $URL"]);
        let body = serde_json::json!({"name": "hello", "code": "export default 1", "timeoutMs": 5});
        assert_eq!(hello.body(), body);
    }

    #[test]
    fn settings_cannot_name_what_the_file_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("function.json");
        for bad in [r#"{"name": "x"}"#, "[]", "{", r#"{"try": "curl"}"#] {
            std::fs::write(&path, bad).unwrap();
            assert!(read_settings(&path).is_err(), "{bad}");
        }
    }
}
