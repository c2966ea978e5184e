//! Makes one file of a function that imports others, by esbuild: the project's own, the machine's, or npm's.

mod externals;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mayfly_runtime::{SOURCE_BYTES_MAX, Source, imports};
use serde_json::Value;

use externals::{Externals, available, bare_names};

/// What `npx` runs where no esbuild is installed.
const ESBUILD: &str = "esbuild@0.25";
/// What esbuild advises where one of Node's modules is missing: functions do not run there.
const FOR_NODE: &str = " Are you trying to bundle for node? You can use \"--platform=node\" to do that, which will remove \
                        this error.";

/// A function in one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    pub code: String,
    /// The way back from it, where it was made of other files.
    pub source_map: Option<String>,
    /// The files that it was made of.
    pub inputs: Vec<PathBuf>,
}

/// The function in `file`, whose text is `code`: as it is where it imports nothing, else bundled.
pub(crate) fn bundle(file: &Path, code: String) -> Result<Bundle, String> {
    let file_name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let source = Source { file_name, code, source_map: None };
    if imports(&source).iter().all(|name| name.starts_with("node:")) {
        return Ok(Bundle { code: source.code, source_map: None, inputs: vec![file.to_owned()] });
    }
    let esbuild = Esbuild::find(file)?;
    let mut more = Vec::new();
    let mut made = esbuild.run(file, &more)?;
    if let Some(banner) = made.requires.banner()? {
        more.push(banner);
        made = esbuild.run(file, &more)?;
    }
    if made.bundle.code.len() > SOURCE_BYTES_MAX {
        // Names stay: stacks are mapped, but what a class is called may matter to it.
        more.extend(["--minify".to_owned(), "--keep-names".to_owned()]);
        made = esbuild.run(file, &more)?;
    }
    Ok(made.bundle)
}

/// What esbuild made, and the Node modules that it left as imports.
struct Made {
    bundle: Bundle,
    requires: Externals,
}

/// How esbuild is run here.
struct Esbuild {
    program: OsString,
    arguments: Vec<String>,
}

impl Esbuild {
    fn find(file: &Path) -> Result<Self, String> {
        let installed = file
            .canonicalize()
            .map_err(|error| format!("{}: {error}", file.display()))?
            .ancestors()
            .map(|folder| folder.join("node_modules/.bin/esbuild"))
            .find(|program| program.is_file());
        if let Some(program) = installed {
            return Ok(Self { program: program.into(), arguments: Vec::new() });
        }
        if on_path("esbuild") {
            return Ok(Self { program: "esbuild".into(), arguments: Vec::new() });
        }
        if on_path("npx") {
            return Ok(Self { program: "npx".into(), arguments: vec!["--yes".into(), ESBUILD.into()] });
        }
        Err(format!(
            "{} imports other modules, and there is no esbuild to bundle them with: `npm install --save-dev esbuild`",
            file.display()
        ))
    }

    fn run(&self, file: &Path, more: &[String]) -> Result<Made, String> {
        let out = tempfile::tempdir().map_err(|error| format!("no folder for the bundle: {error}"))?;
        let path = |name: &str| out.path().join(name);
        let flag = |name: &str, path: PathBuf| {
            let mut flag = OsString::from(name);
            flag.push(path);
            flag
        };
        let output = Command::new(&self.program)
            .args(&self.arguments)
            .arg(file)
            .args(["--bundle", "--format=esm", "--platform=neutral", "--target=es2023", "--charset=utf8"])
            .args(["--main-fields=browser,module,main", "--conditions=workerd,worker,browser"])
            .args(["--sourcemap=external", "--external:node:*", "--log-level=error", "--color=false"])
            .args([
                "--define:process.env.NODE_ENV=\"production\"",
                "--define:process.env={}",
                "--define:global=globalThis",
            ])
            .args(bare_names().map(|name| format!("--alias:{name}=node:{name}")))
            .args(more)
            .arg(flag("--outfile=", path("function.js")))
            .arg(flag("--metafile=", path("meta.json")))
            .output()
            .map_err(|error| format!("esbuild cannot be run: {error}"))?;
        check(&output)?;
        let read = |name: &str| {
            std::fs::read_to_string(path(name)).map_err(|error| format!("esbuild left no {name}: {error}"))
        };
        let code = read("function.js")?;
        let metafile: Value = serde_json::from_str(&read("meta.json")?).unwrap_or_default();
        let bundle = Bundle { code, source_map: Some(read("function.js.map")?), inputs: inputs(&metafile) };
        Ok(Made { bundle, requires: Externals::of(&metafile) })
    }
}

fn check(output: &Output) -> Result<(), String> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).replace(FOR_NODE, "");
    let hint = if said.contains("is built into node") { format!("\n{}", available()) } else { String::new() };
    Err(format!("the function cannot be bundled:\n{}{hint}", said.trim_end()))
}

#[allow(clippy::disallowed_methods, reason = "a look-up of a program, as the shell does it")]
fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The author's own files among those that went into a bundle.
fn inputs(metafile: &Value) -> Vec<PathBuf> {
    let files = metafile["inputs"].as_object().into_iter().flat_map(|inputs| inputs.keys());
    files.filter(|file| !file.contains("node_modules/")).map(PathBuf::from).collect()
}

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
        assert_eq!(inputs(&serde_json::from_str(meta).unwrap()), [PathBuf::from("src/a.ts")]);
        assert!(inputs(&Value::Null).is_empty());
    }
}
