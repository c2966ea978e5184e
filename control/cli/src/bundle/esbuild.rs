//! One bundling: what esbuild is asked, and what it made of that.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::browser::BrowserMaps;
use super::import_map::ImportMap;
use super::packet::Said;
use super::resolver::Resolver;
use super::{chain, program, service};

/// What an import's attribute is refused with, unless a plugin takes it.
const ATTRIBUTE: &str = "Importing with a type attribute of";

/// How a bundle is wanted.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) maps: BrowserMaps,
    pub(super) minified: bool,
    /// Whether its map is without the sources' texts.
    pub(super) without_contents: bool,
}

/// What esbuild made.
pub(super) struct Made {
    pub(super) code: String,
    pub(super) source_map: String,
    pub(super) metafile: Value,
}

/// The esbuild for a file.
pub(super) struct Esbuild {
    program: PathBuf,
    version: String,
    file: PathBuf,
    /// Paths are told from here: where the command runs.
    folder: PathBuf,
    import_map: ImportMap,
}

impl Esbuild {
    pub(super) fn find(file: &Path) -> Result<Self, String> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let place = folder.canonicalize().map_err(|error| error.to_string())?;
        let (program, version) = program::find(&place)?;
        let name = file.file_name().unwrap_or_default();
        let here = std::env::current_dir().map_err(|error| error.to_string())?;
        let import_map = ImportMap::of(&place);
        Ok(Self { program, version, file: place.join(name), folder: here, import_map })
    }

    /// The function's file, as esbuild is asked for it.
    pub(super) fn entry(&self) -> String {
        self.relative(&self.file)
    }

    /// The folder that esbuild's paths start from.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn run(&self, wanted: &Wanted) -> Result<Made, String> {
        let mut answer = self.ask(wanted, false, &[])?;
        if texts_of(&answer).any(|text| text.starts_with(ATTRIBUTE)) {
            answer = self.ask(wanted, true, &[])?;
        }
        if !answer.get("errors").list().is_empty() {
            // Once more without what is not found or cannot be read, to learn who imports it.
            let errors = answer.get("errors").list();
            let missing: Vec<_> = errors.iter().filter_map(chain::missing).collect();
            let unread: Vec<_> = errors.iter().filter_map(chain::unread).collect();
            let without = missing.iter().map(|name| format!("--external:{name}"));
            let without = without.chain(unread.iter().map(|extension| format!("--loader:{extension}=empty")));
            let rest = self.ask(wanted, true, &without.collect::<Vec<_>>())?;
            let is_whole = unread.is_empty() && rest.get("errors").list().is_empty();
            if !(is_whole && chain::may_be_missing(&metafile(&rest), &missing)) {
                return Err(chain::explain(errors, &metafile(&rest), &self.entry()));
            }
            answer = rest;
        }
        let files = answer.get("outputFiles").list();
        let content = |end: &str| {
            let file = files.iter().find(|file| file.get("path").text().ends_with(end));
            match file.map(|file| file.get("contents")) {
                Some(Said::Bytes(bytes)) => Ok(String::from_utf8_lossy(bytes).into_owned()),
                _ => Err(format!("esbuild made no file that ends in {end}")),
            }
        };
        Ok(Made { code: content(".js")?, source_map: content(".js.map")?, metafile: metafile(&answer) })
    }

    /// A path as esbuild tells it.
    fn relative(&self, file: &Path) -> String {
        file.strip_prefix(&self.folder).unwrap_or(file).to_string_lossy().into_owned()
    }

    fn ask(&self, wanted: &Wanted, attributes: bool, more: &[String]) -> Result<Said, String> {
        let text = |path: &Path| Said::Text(path.to_string_lossy().into_owned());
        let mut flags = flags(wanted);
        flags.extend(self.import_map.jsx.iter().cloned());
        flags.extend(more.iter().cloned());
        let mut resolver = Resolver { import_map: &self.import_map, maps: &wanted.maps, attributes };
        let request = Said::map([
            ("command", "build".into()),
            ("key", Said::Number(0)),
            ("entries", Said::List(vec![Said::List(vec!["".into(), text(&self.file)])])),
            ("flags", Said::texts(flags)),
            ("write", Said::Flag(false)),
            ("stdinContents", Said::Null),
            ("stdinResolveDir", Said::Null),
            ("absWorkingDir", text(&self.folder)),
            ("nodePaths", Said::List(Vec::new())),
            ("context", Said::Flag(false)),
            ("plugins", Said::List(vec![resolver.plugin()])),
        ]);
        service::ask((&self.program, &self.version), &request, &mut resolver)
    }
}

fn flags(wanted: &Wanted) -> Vec<String> {
    let outfile = std::env::temp_dir().join("function.js");
    let mut flags: Vec<String> = [
        "--bundle",
        "--format=esm",
        "--platform=neutral",
        "--target=es2023",
        "--charset=utf8",
        "--main-fields=browser,module,main",
        "--conditions=workerd,worker,browser",
        "--sourcemap=external",
        "--metafile",
        "--log-level=silent",
        "--log-limit=0",
        "--define:process.env.NODE_ENV=\"production\"",
        "--define:global=globalThis",
        "--define:__dirname=\"/\"",
        "--define:__filename=\"/function.js\"",
    ]
    .map(str::to_owned)
    .to_vec();
    // Nothing is written: it only has a name.
    flags.push(format!("--outfile={}", outfile.display()));
    if wanted.minified {
        // Names stay: stacks are mapped, but what a class is called may matter to it.
        flags.extend(["--minify".to_owned(), "--keep-names".to_owned()]);
    }
    if wanted.without_contents {
        flags.push("--sources-content=false".to_owned());
    }
    flags
}

fn texts_of(answer: &Said) -> impl Iterator<Item = &str> {
    answer.get("errors").list().iter().map(|error| error.get("text").text())
}

fn metafile(answer: &Said) -> Value {
    // Text or bytes, by esbuild's version.
    let metafile = answer.get("metafile");
    match metafile {
        Said::Bytes(bytes) => serde_json::from_slice(bytes),
        _ => serde_json::from_str(metafile.text()),
    }
    .unwrap_or_default()
}
