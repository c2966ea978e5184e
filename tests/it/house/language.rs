//! The language of the code and its documents: no vague idiom, one name per public type, and a first line that says what a file is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::root;

/// Words in place of a noun. A semicolon is a word of its own.
const VAGUE: &[&str] = &["whoever", "nobody", "somebody", "so many", "the same ;", "anew"];

/// The list itself, and migrations: what has run on a database keeps its text.
const EXCEPTED: [&str; 2] = ["tests/it/house/language.rs", "schema/migrations/"];

/// Folders that hold no text of ours.
const SKIPPED: &[&str] = &["target", "node_modules", "dist", "artifacts", "corpus"];

/// Every file of the repository with one of these extensions, by its path from the root, with its text.
pub(super) fn texts(extensions: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|of| extensions.iter().any(|extension| of == *extension)) {
                let from_root = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.insert(from_root, fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(!found.is_empty(), "no file ends in one of {extensions:?}");
    found
}

/// The words of a text in lower case, each with its line. Code in backticks is left out, and so is an account's name.
fn words(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        // The parts between backticks are code: every second one.
        for part in line.replace("\"nobody\"", "").split('`').step_by(2) {
            let spaced = part.replace(';', " ; ");
            let split = spaced.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ';');
            found.extend(split.filter(|word| !word.is_empty()).map(|word| (number + 1, word.to_lowercase())));
        }
    }
    found
}

/// Where a text has a vague word: its line, and the word.
fn vague(text: &str) -> Vec<(usize, &'static str)> {
    let words = words(text);
    let mut found = Vec::new();
    for idiom in VAGUE {
        let parts: Vec<&str> = idiom.split(' ').collect();
        for window in words.windows(parts.len()) {
            if window.iter().map(|(_, word)| word.as_str()).eq(parts.iter().copied()) {
                found.push((window[0].0, *idiom));
            }
        }
    }
    found.sort_unstable();
    found
}

#[test]
fn no_text_is_vague() {
    let mut found = Vec::new();
    for (name, text) in texts(&["h", "js", "md", "mjs", "rs", "sql", "ts"]) {
        if !EXCEPTED.iter().any(|excepted| name.starts_with(excepted)) {
            let places = vague(&text).into_iter();
            found.extend(places.map(|(line, idiom)| format!("{name}:{line} says \"{idiom}\"")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn vague_words_are_found() {
    assert_eq!(vague("// Whoever comes.\n"), [(1, "whoever")]);
    assert_eq!(vague("/// At most so\n/// many.\n"), [(1, "so many")]);
    assert_eq!(vague("/// The same; as a user.\n"), [(1, "the same ;")]);
    assert_eq!(vague("renewed, `nobody`, as_nobody(\"nobody\"), the same"), []);
}

/// The name of a public type that a line defines.
fn public_type(line: &str) -> Option<&str> {
    let rest =
        line.trim_start().strip_prefix("pub ").or_else(|| line.trim_start().strip_prefix("pub(crate) "))?;
    let rest = rest.strip_prefix("unsafe ").unwrap_or(rest);
    let rest =
        ["struct ", "enum ", "trait ", "type "].iter().find_map(|keyword| rest.strip_prefix(keyword))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|name| !name.is_empty())
}

/// Whether a file is part of a package's code, and not of its tests.
fn is_code(name: &str) -> bool {
    let path = Path::new(name);
    let in_src = path.iter().any(|part| part == "src");
    in_src && !path.with_extension("").iter().any(|part| part == "tests" || part == "benches")
}

#[test]
fn a_public_types_name_is_defined_once() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in texts(&["rs"]).into_iter().filter(|(name, _)| is_code(name)) {
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        let mut in_words = false;
        for (number, line) in code.lines().enumerate() {
            // `words!` makes a public type of the name that opens its block.
            in_words = line == "words! {" || in_words && line != "}";
            let word =
                line.strip_prefix("    ").filter(|_| in_words).and_then(|line| line.strip_suffix(" {"));
            if let Some(defined) = public_type(line).or(word) {
                places.entry(defined.to_owned()).or_default().insert(format!("{name}:{}", number + 1));
            }
        }
    }
    let twice = places.iter().filter(|(_, places)| places.len() > 1);
    let found: Vec<String> = twice.map(|(name, places)| format!("{name} is defined at {places:?}")).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The first paragraph of a file's head.
fn head(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//! "));
    lines.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_files_head_is_a_sentence() {
    let mut found = Vec::new();
    for (name, text) in texts(&["rs"]) {
        let head = head(&text);
        let begins = head.starts_with(|c: char| c.is_uppercase() || c == '`');
        if !begins || !head.ends_with(['.', '?']) {
            found.push(format!("{name} begins with \"{head}\""));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
