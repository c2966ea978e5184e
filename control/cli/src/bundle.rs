//! Makes one file of a function that imports others, by esbuild: the project's own, the machine's, or npm's.

mod browser;
mod chain;
mod esbuild;
mod externals;
mod import_map;
mod imports;
mod packet;
mod program;
mod resolver;
mod service;
mod sizes;

use std::path::{Path, PathBuf};

use mayfly_runtime::{SOURCE_BYTES_MAX, Source, needs_bundler};
use serde_json::Value;

use browser::{BrowserMaps, stand_ins};
use esbuild::{Esbuild, Made, Wanted};
use externals::required;
use imports::Imports;

/// Where a bundle is larger, its white space goes: it is sent, kept and parsed.
const MINIFIED_ABOVE: usize = 1 << 20;
/// The largest source map that the server takes.
const MAP_BYTES_MAX: usize = 8 << 20;
const MAP_PLACES_MAX: usize = 1 << 20;

/// A function in one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bundle {
    pub code: String,
    /// The way back from it, where it was made of other files.
    pub source_map: Option<String>,
    /// The files that it was made of.
    pub inputs: Vec<PathBuf>,
    /// What its author should know.
    pub warnings: Vec<String>,
    /// Which of them imports which.
    pub imports: Imports,
}

impl Bundle {
    /// What the imports say about the file that a text names, such as the stack of what the top level threw.
    pub fn explain(&self, text: &str) -> Option<String> {
        self.imports.explain(text)
    }
}

/// What bundles the functions of a folder, in words; nothing is installed.
///
/// # Errors
/// Where nothing can, why.
pub fn bundler(folder: &Path) -> Result<String, String> {
    program::look(&folder.canonicalize().unwrap_or_else(|_| folder.to_owned()))
}

/// The function in `file`, whose text is `code`: as it is where it imports nothing, else bundled.
pub(crate) fn bundle(file: &Path, code: String) -> Result<Bundle, String> {
    let file_name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let source = Source { file_name, code, source_map: None };
    if !needs_bundler(&source) {
        let (code, inputs) = (source.code, vec![file.to_owned()]);
        sizes::check(&code, file, &Value::Null)?;
        return Ok(Bundle { code, inputs, ..Bundle::default() });
    }
    let esbuild = Esbuild::find(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut wanted = Wanted::default();
    let mut made = esbuild.run(&wanted)?;
    if stand_ins(&made.metafile) > 0 {
        (wanted, made) = for_browsers(&esbuild, wanted, made);
    }
    if made.code.len() > MINIFIED_ABOVE {
        wanted.minified = true;
        made = esbuild.run(&wanted)?;
    }
    if made.source_map.len() > MAP_BYTES_MAX {
        wanted.without_contents = true;
        made = esbuild.run(&wanted)?;
    }
    sizes::check(&made.code, file, &made.metafile)?;
    let imports = Imports::of(&made.metafile, &esbuild.entry());
    Ok(Bundle { imports, ..finished(made, &esbuild) })
}

/// The same with what packages have for browsers, where that does without more of what functions have not.
fn for_browsers(esbuild: &Esbuild, wanted: Wanted, made: Made) -> (Wanted, Made) {
    let maps = BrowserMaps::of(&made.metafile, esbuild.folder());
    if maps.is_empty() {
        return (wanted, made);
    }
    let with_maps = Wanted { maps, ..Wanted::default() };
    match esbuild.run(&with_maps) {
        Ok(better) if stand_ins(&better.metafile) < stand_ins(&made.metafile) => (with_maps, better),
        _ => (wanted, made),
    }
}

fn finished(made: Made, esbuild: &Esbuild) -> Bundle {
    let mut warnings = Vec::new();
    let inputs = inputs(&made.metafile, esbuild.folder());
    let (mut code, mut source_map) = (made.code, Some(made.source_map));
    if let Some(before) = required(&made.metafile) {
        code = format!("{before}\n{code}");
        // One line more before all others.
        source_map = source_map.map(|map| map.replacen("\"mappings\": \"", "\"mappings\": \";", 1));
    }
    if source_map.as_deref().is_some_and(is_too_large) {
        warnings.push("the source map is left out: it is larger than the server takes".to_owned());
        source_map = None;
    }
    Bundle { code, source_map, inputs, warnings, imports: Imports::default() }
}

/// Whether the server would refuse a map for its size, or for the number of its places.
fn is_too_large(map: &str) -> bool {
    let mappings = map.split_once("\"mappings\": \"").map_or("", |(_, rest)| rest);
    let places =
        mappings.bytes().take_while(|byte| *byte != b'"').filter(|byte| matches!(byte, b',' | b';')).count();
    map.len() > MAP_BYTES_MAX || places >= MAP_PLACES_MAX
}

/// The author's own files among those that went into a bundle.
fn inputs(metafile: &Value, folder: &Path) -> Vec<PathBuf> {
    let files = metafile["inputs"].as_object().into_iter().flat_map(|inputs| inputs.keys());
    let own = files.filter(|file| !file.contains("node_modules/") && !resolver::is_of_ours(file));
    own.map(|file| folder.join(file)).collect()
}

const _: () = assert!(MINIFIED_ABOVE <= SOURCE_BYTES_MAX);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_imports_nothing_is_left_alone() {
        let code = "import type { A } from 'a'; import { Buffer } from 'node:buffer'; export default Buffer";
        let bundle = bundle(Path::new("f.ts"), code.to_owned()).unwrap();
        assert_eq!((bundle.code.as_str(), bundle.source_map), (code, None));
    }

    #[test]
    fn only_the_authors_files_are_watched() {
        let meta =
            r#"{"inputs": {"src/a.ts": {}, "node_modules/x/index.js": {}, "../node_modules/y.js": {}}}"#;
        assert_eq!(
            inputs(&serde_json::from_str(meta).unwrap(), Path::new("/a")),
            [PathBuf::from("/a/src/a.ts")]
        );
        assert!(inputs(&Value::Null, Path::new("/a")).is_empty());
    }
}
