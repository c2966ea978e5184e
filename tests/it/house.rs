//! House rules, as ordinary tests: dependencies, the places of files, and the language.

mod language;

mod layers;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust file below a folder, with its path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources");
    found
}

/// Only files whose path begins with one of `homes` may name `word`, of those below `folder`.
fn only_in(folder: &str, word: &str, homes: &[&str]) {
    for (name, text) in sources(folder) {
        let named = text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
        assert!(!named || homes.iter().any(|home| name.starts_with(home)), "{name} names {word}");
    }
}

#[test]
fn dependencies_run_one_way() {
    only_in("control", "wasmtime::", &[]);
    only_in("schema", "mayfly_runtime", &[]);
    only_in("schema", "mayfly_control", &[]);
    only_in("runtime", "mayfly_control", &[]);
    only_in("runtime", "mayfly_schema", &[]);
    only_in("runtime", "tokio_postgres", &[]);
    only_in("runtime/src", "oxc::", &["runtime/src/compile/typescript"]);
}

#[test]
fn unsafe_code_has_its_places() {
    let homes = ["runtime/src/artifact.rs"];
    for folder in ["runtime/src", "control/src", "schema/src", "guest-sdk/abi/src"] {
        only_in(folder, "unsafe {", &homes);
        only_in(folder, "unsafe fn", &homes);
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in ["runtime", "control", "schema", "tests", "benches", "guest-sdk/src", "guest-sdk/abi"] {
        for (name, text) in sources(folder) {
            assert!(text.starts_with("//! "), "{name} does not begin with what it is for");
        }
    }
}

#[test]
fn both_halves_of_a_capability_stand_beside_each_other() {
    for capability in [
        "clock",
        "compute",
        "console",
        "context",
        "database",
        "encoding",
        "errors",
        "fetch",
        "form_data",
        "headers",
        "idempotency",
        "random",
        "response",
        "tasks",
        "timers",
        "url",
        "url_pattern",
    ] {
        for extension in ["rs", "js"] {
            let file = root().join(format!("guest-sdk/src/api/{capability}.{extension}"));
            assert!(file.exists(), "{} is missing", file.display());
        }
    }
    for capability in ["compute", "console", "database", "fetch", "idempotency", "timers"] {
        let file = root().join(format!("runtime/src/capability/{capability}.rs"));
        assert!(file.exists(), "{} is missing", file.display());
    }
}

#[test]
fn the_prelude_imports_what_it_uses_from_modules_that_exist() {
    for folder in ["guest-sdk/src/api", "guest-sdk/src/node"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "js") {
                check_module(&path, &root().join(folder));
            }
        }
    }
}

fn check_module(path: &Path, folder: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let says = text.starts_with("// ") || text.starts_with("export const host");
    assert!(says, "{} says nothing", path.display());
    for line in text.lines().filter(|line| line.starts_with("import ") || line.starts_with("} from")) {
        let Some((_, from)) = line.split_once("from \"") else { continue };
        let module = from.trim_end_matches("\";");
        assert!(folder.join(module).exists(), "{} imports {module}", path.display());
        // The prelude does not depend on the modules above it.
        let inwards = folder.ends_with("node") || !module.contains("node/");
        assert!(inwards, "{} imports {module}", path.display());
    }
}

#[test]
fn decisions_and_documents_that_are_pointed_at_exist() {
    for folder in ["runtime", "control", "schema", "guest-sdk/src", "guest-sdk/native"] {
        for entry in walk(&root().join(folder)) {
            let Ok(text) = fs::read_to_string(&entry) else { continue };
            for part in text.split("docs/decisions/").skip(1) {
                let name: String =
                    part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                let page = root().join(format!("docs/decisions/{name}.md"));
                assert!(name.is_empty() || page.exists(), "{} points at {}", entry.display(), page.display());
            }
        }
    }
    for document in language::texts(&["md"]).keys() {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let folder = root().join(document).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            let local = !file.is_empty() && !file.starts_with("http");
            assert!(!local || folder.join(file).exists(), "{document} links to {link}");
        }
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Every test that LIMITS.md names exists.
#[test]
fn limits_name_tests_that_exist() {
    let limits = fs::read_to_string(root().join("docs/LIMITS.md")).unwrap();
    let folders = ["runtime", "control", "schema", "tests"];
    let tests: String = folders.into_iter().flat_map(sources).map(|(_, text)| text).collect();
    for name in limits.split('`').skip(1).step_by(2).filter(|name| name.contains("::")) {
        let function = name.rsplit("::").next().unwrap();
        let known = tests.contains(&format!("fn {function}(")) || tests.contains(&format!("mod {function}"));
        assert!(known, "LIMITS.md names {name}");
    }
}
