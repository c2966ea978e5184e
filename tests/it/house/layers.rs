//! The module graph: imports run one way, among packages, among a package's top-level modules, and among its files.

mod graph;
mod imports;
mod tokens;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{root, walk};
use graph::Graph;
use imports::Imports;

/// Packages in which a parent must not name a child that imports it, either: what both need is in a child of its own.
const STRICT: &[&str] = &["guest-sdk", "guest-sdk/abi", "runtime", "schema"];

/// The folders of the workspace's members, and of the guest, which stands outside of it.
fn packages() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, members) = manifest.split_once("\nmembers = [").unwrap();
    let members = members.split(']').next().unwrap().split('"').skip(1).step_by(2);
    members.chain(["guest-sdk"]).map(str::to_owned).collect()
}

/// One package's modules by their paths; the crate's root is the empty one.
struct Crate {
    /// Whether a parent's bare paths to its children count.
    is_strict: bool,
    files: BTreeMap<Vec<String>, Imports>,
}

impl Crate {
    fn read(src: &Path, is_strict: bool) -> Self {
        let mut files = BTreeMap::new();
        for path in if src.is_dir() { walk(src) } else { Vec::new() } {
            let name = path.strip_prefix(src).unwrap().with_extension("");
            let module: Vec<String> = name.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            // A binary beside a library is a crate of its own, and imports that by its name.
            let is_binary = module[0] == "main" && src.join("lib.rs").exists() || module[0] == "bin";
            if path.extension().is_some_and(|extension| extension == "rs") && !is_binary {
                let module = if module == ["lib"] || module == ["main"] { Vec::new() } else { module };
                let imports = Imports::of(&module, &fs::read_to_string(&path).unwrap());
                files.insert(module, imports);
            }
        }
        let mut read = Self { is_strict, files };
        read.forget_tests();
        read
    }

    fn forget_tests(&mut self) {
        let tests: Vec<Vec<String>> = self
            .files
            .iter()
            .flat_map(|(module, imports)| {
                imports.test_modules.iter().map(|name| module.iter().chain([name]).cloned().collect())
            })
            .collect();
        self.files.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
    }

    /// The module in which a path ends, and the name that it has there. Re-exports are followed to where they lead.
    fn resolve(&self, path: &[String]) -> (Vec<String>, String) {
        let mut path = path.to_vec();
        // More re-exports in a row than this are a circle.
        for _ in 0..16 {
            let is_module = |length: &usize| self.files.contains_key(&path[..*length]);
            let length = (0..=path.len()).take_while(|length| *length == 0 || is_module(length)).last();
            let (module, rest) = path.split_at(length.unwrap_or(0));
            let Some(name) = rest.first() else { return (module.to_vec(), "self".to_owned()) };
            let reexports = self.files.get(module).map(|file| file.reexported.as_slice()).unwrap_or_default();
            match reexports.iter().find(|(reexported, _)| reexported == name) {
                Some((_, origin)) if !origin.is_empty() => {
                    path = origin.iter().chain(&rest[1..]).cloned().collect();
                }
                _ => return (module.to_vec(), name.clone()),
            }
        }
        panic!("{path:?} is re-exported in a circle");
    }

    /// Which file imports which.
    fn of_files(&self) -> Graph {
        let mut graph = Graph::default();
        self.edges(|from, to, name| graph.add(&file_of(from), &file_of(to), name));
        graph
    }

    /// Which top-level module imports which. The crate's root, which declares them, is left out.
    fn of_modules(&self) -> Graph {
        let mut graph = Graph::default();
        self.edges(|from, to, name| {
            if let (Some(first), Some(second)) = (from.first(), to.first()) {
                graph.add(first, second, format!("{} imports {name} of {}", file_of(from), file_of(to)));
            }
        });
        graph
    }

    fn edges(&self, mut each: impl FnMut(&[String], &[String], &str)) {
        for (module, imports) in &self.files {
            let of_children = imports.used_of_children.iter().filter(|_| self.is_strict);
            for path in imports.used.iter().chain(of_children) {
                let (to, name) = self.resolve(path);
                each(module, &to, &name);
            }
        }
    }
}

fn file_of(module: &[String]) -> String {
    if module.is_empty() { "lib.rs".to_owned() } else { format!("{}.rs", module.join("/")) }
}

/// Which package depends on which, development dependencies left out: those may lead back.
fn package_graph() -> Graph {
    let manifests: Vec<String> = packages()
        .into_iter()
        .map(|folder| fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap())
        .collect();
    let name = |manifest: &String| manifest.split("\nname = \"").nth(1)?.split('"').next().map(str::to_owned);
    let names: Vec<String> = manifests.iter().filter_map(name).collect();
    let mut graph = Graph::default();
    for (package, manifest) in names.iter().zip(&manifests) {
        for section in manifest.split("\n[").filter(|section| is_of_dependencies(section)) {
            for dependency in section.lines().map(|line| line.split(['.', ' ', '=']).next().unwrap()) {
                if names.iter().any(|known| known == dependency) {
                    graph.add(package, dependency, "Cargo.toml");
                }
            }
        }
    }
    graph
}

fn is_of_dependencies(section: &str) -> bool {
    let title = section.split(']').next().unwrap();
    title.ends_with("dependencies") && !title.ends_with("dev-dependencies") && !title.starts_with("workspace")
}

#[test]
fn packages_depend_one_way() {
    let graph = package_graph();
    let text = graph.text();
    assert!(text.contains("mayfly-runtime -> mayfly-abi"), "no packages were found: {text}");
    let cycle = graph.cycle();
    assert!(cycle.is_none(), "packages depend on each other:\n{}", cycle.unwrap_or_default());
}

/// ARCHITECTURE.md shows the graph that the manifests make: a package a line, the lowest ones first.
#[test]
fn the_documents_picture_is_the_graph() {
    let expected = format!("<!-- packages -->\n```text\n{}```\n<!-- end -->", picture());
    let document = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    assert!(document.contains(&expected), "docs/ARCHITECTURE.md has to show:\n{expected}");
}

fn picture() -> String {
    let text = package_graph().text();
    let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (package, dependencies) in text.lines().filter_map(|line| line.split_once(" -> ")) {
        for dependency in dependencies.split(", ") {
            below.entry(package).or_default().push(dependency);
            below.entry(dependency).or_default();
        }
    }
    let mut shown: Vec<&str> = Vec::new();
    let mut lines = String::new();
    while shown.len() < below.len() {
        let ready =
            |dependencies: &Vec<&str>| dependencies.iter().all(|dependency| shown.contains(dependency));
        let layer: Vec<&str> = below
            .iter()
            .filter(|(package, of)| !shown.contains(package) && ready(of))
            .map(|(p, _)| *p)
            .collect();
        assert!(!layer.is_empty(), "the graph has a cycle");
        for package in &layer {
            let of: Vec<&str> =
                below[package].iter().map(|name| name.trim_start_matches("mayfly-")).collect();
            let line = format!("{:<10} {}", package.trim_start_matches("mayfly-"), of.join(", "));
            lines += &format!("{}\n", line.trim_end());
        }
        shown.extend(layer);
    }
    lines
}

#[test]
fn modules_import_one_way() {
    let mut faults = String::new();
    for package in packages() {
        let src = root().join(&package).join("src");
        let read = Crate::read(&src, STRICT.contains(&package.as_str()));
        for (what, graph) in [("files", read.of_files()), ("top-level modules", read.of_modules())] {
            if let Some(cycle) = graph.cycle() {
                faults += &format!("{what} of {package} import each other:\n{cycle}");
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn scripts_of_the_guest_import_one_way() {
    let mut graph = Graph::default();
    for folder in ["guest-sdk/src/api", "guest-sdk/src/node"] {
        for path in walk(&root().join(folder)) {
            if path.extension().is_some_and(|extension| extension == "js") {
                for (to, line) in scripts(&path) {
                    graph.add(&short(&path), &short(&to), line);
                }
            }
        }
    }
    assert!(!graph.text().is_empty(), "no script imports any");
    let cycle = graph.cycle();
    assert!(cycle.is_none(), "scripts import each other:\n{}", cycle.unwrap_or_default());
}

/// The scripts that one imports, each with the line that says so.
fn scripts(path: &Path) -> Vec<(PathBuf, String)> {
    let text = fs::read_to_string(path).unwrap();
    let mut found = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("import ") || line.starts_with("} from")) {
        if let Some(name) = line.split("from \"").nth(1).and_then(|rest| rest.strip_suffix("\";")) {
            let target = path.parent().unwrap().join(name).canonicalize().unwrap();
            found.push((target, line.to_owned()));
        }
    }
    found
}

fn short(path: &Path) -> String {
    let guest = root().join("guest-sdk/src").canonicalize().unwrap();
    let path = path.canonicalize().unwrap();
    path.strip_prefix(guest).unwrap().display().to_string()
}

#[test]
fn a_reexport_is_resolved_to_its_origin() {
    let module = |name: &str| name.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let files = [
        ("", "mod a; pub use a::b::C;"),
        ("a", "mod b; pub(crate) use b::{C, D}; fn f() { b::g() }"),
        ("a::b", "use super::E; use crate::C;"),
        ("f", "use crate::a::D; use crate::a::E; use crate::a::b;"),
    ];
    let files = files.map(|(name, text): (&str, &str)| {
        let module: Vec<String> = module(name);
        let imports = Imports::of(&module, text);
        (module, imports)
    });
    let read = Crate { is_strict: true, files: files.into_iter().collect() };
    let mut edges = Vec::new();
    read.edges(|from, to, name| edges.push(format!("{} {} {name}", file_of(from), file_of(to))));
    let expected = [
        "a.rs a/b.rs g",
        "a/b.rs a.rs E",
        "a/b.rs a/b.rs C",
        "f.rs a/b.rs D",
        "f.rs a.rs E",
        "f.rs a/b.rs self",
    ];
    assert_eq!(edges, expected);
}
