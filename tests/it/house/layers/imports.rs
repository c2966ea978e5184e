//! What one Rust file imports by name: its `use` items, and its inline paths.
//!
//! These are the paths that begin with `crate`, `super`, `self`, or the name of a child.

use super::tokens::{tokens, without_tests};

/// A path by its segments.
pub(super) type Path = Vec<String>;

/// One file, read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Imports {
    /// What it uses, from the crate's root.
    pub(super) used: Vec<Path>,
    /// What it uses of its own children by bare paths (`child::run()`), from the crate's root.
    pub(super) used_of_children: Vec<Path>,
    /// What it re-exports: the name, and the path behind it from the crate's root.
    pub(super) reexported: Vec<(String, Path)>,
    /// Its children that are compiled for tests alone.
    pub(super) test_modules: Vec<String>,
}

impl Imports {
    /// Of the file that is the module `module`.
    pub(super) fn of(module: &[String], text: &str) -> Self {
        let (tokens, test_modules) = without_tests(&tokens(text));
        let mut imports = Self { test_modules, ..Self::default() };
        let mut walk = Walk { tokens: &tokens, at: 0, inline: Vec::new(), depth: 0 };
        let children = walk.children();
        let mut is_public = false;
        while let Some(token) = walk.next() {
            let leaves = match token {
                "pub" => {
                    // `pub(in crate::a)` says who may see, and imports nothing.
                    walk.skip_parenthesis();
                    is_public = true;
                    continue;
                }
                "use" => walk.tree(&[]),
                "crate" | "super" | "self" if walk.begins_a_path() => {
                    is_public = false;
                    vec![(walk.path(token), None)]
                }
                word if walk.begins_a_path() && children.iter().any(|child| child == word) => {
                    is_public = false;
                    vec![(walk.path(token), None)]
                }
                other => {
                    walk.count_brace(other);
                    is_public = false;
                    continue;
                }
            };
            imports.add(module, &walk.inline, &children, leaves, is_public);
            is_public = false;
        }
        imports
    }

    fn add(
        &mut self,
        module: &[String],
        inline: &[(String, usize)],
        children: &[String],
        leaves: Vec<(Path, Option<String>)>,
        is_public: bool,
    ) {
        let here: Path = module.iter().chain(inline.iter().map(|(name, _)| name)).cloned().collect();
        for (path, alias) in leaves {
            let own_child = path.first().is_some_and(|first| children.contains(first));
            let Some(path) = absolute(&here, path, own_child) else { continue };
            let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
            let stays = is_public && path.starts_with(module) && path.len() > module.len();
            if is_public && inline.is_empty() {
                self.reexported.push((name, path.clone()));
            }
            // What a parent re-exports of its own children is theirs.
            match (stays, own_child) {
                (true, _) => {}
                (false, true) => self.used_of_children.push(path),
                (false, false) => self.used.push(path),
            }
        }
    }
}

/// The path from the crate's root; `None` for one that leads into another crate.
fn absolute(here: &[String], mut path: Path, own_child: bool) -> Option<Path> {
    let mut base = here.to_vec();
    let supers = path.iter().take_while(|segment| *segment == "super").count();
    match path.first().map(String::as_str) {
        Some("crate") => return Some(path.split_off(1)),
        Some("self") => path = path.split_off(1),
        Some("super") => path = path.split_off(supers),
        Some(_) if own_child => {}
        _ => return None,
    }
    if path.first().is_some_and(|first| first == "super") {
        return absolute(&base, path, false);
    }
    base.truncate(base.len().saturating_sub(supers));
    base.extend(path);
    Some(base)
}

struct Walk<'a> {
    tokens: &'a [String],
    at: usize,
    /// The modules in this file that are open, each with the depth of its brace.
    inline: Vec<(String, usize)>,
    depth: usize,
}

impl<'a> Walk<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.at += 1;
        self.tokens.get(self.at - 1).map(String::as_str)
    }

    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    /// The modules that this file declares.
    fn children(&self) -> Vec<String> {
        let declared = self.tokens.windows(3).filter(|three| three[0] == "mod" && three[2] == ";");
        declared.map(|three| three[1].clone()).collect()
    }

    fn count_brace(&mut self, token: &str) {
        match (token, &self.tokens[self.at..]) {
            ("{", _) => self.depth += 1,
            ("}", _) => {
                self.depth = self.depth.saturating_sub(1);
                self.inline.pop_if(|(_, depth)| *depth == self.depth);
            }
            ("mod", [name, brace, ..]) if brace == "{" => self.inline.push((name.clone(), self.depth)),
            _ => {}
        }
    }

    /// Whether the word that was read last is a path's first.
    fn begins_a_path(&self) -> bool {
        let before = self.at.checked_sub(2).and_then(|at| self.tokens.get(at));
        before.is_none_or(|before| before != "::") && self.peek() == Some("::")
    }

    fn skip_parenthesis(&mut self) {
        if self.peek() == Some("(") {
            while self.next().is_some_and(|token| token != ")") {}
        }
    }

    /// The rest of a path outside of `use`.
    fn path(&mut self, first: &str) -> Path {
        let mut path = vec![first.to_owned()];
        while let [colons, word, ..] = &self.tokens[self.at..]
            && colons == "::"
            && word.chars().all(|c| c.is_alphanumeric() || c == '_')
        {
            path.push(word.clone());
            self.at += 2;
        }
        path
    }

    /// The leaves of a use tree up to its end, each with the name it is given.
    fn tree(&mut self, prefix: &[String]) -> Vec<(Path, Option<String>)> {
        let (mut leaves, mut path, mut alias) = (Vec::new(), prefix.to_vec(), None);
        while let Some(token) = self.next() {
            match token {
                "::" => {}
                "{" => {
                    while !matches!(self.peek(), Some("}") | None) {
                        leaves.extend(self.tree(&path));
                    }
                    self.at += 1;
                    path.clear();
                }
                "as" => alias = self.next().map(str::to_owned),
                "," | ";" => break,
                "}" => {
                    // The list around this leaf ends with it.
                    self.at -= 1;
                    break;
                }
                "self" if path.len() > prefix.len() || !prefix.is_empty() => {}
                word => path.push(word.to_owned()),
            }
        }
        if !path.is_empty() {
            leaves.push((path, alias));
        }
        leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(module: &str, text: &str) -> (Vec<String>, Vec<(String, String)>) {
        let module: Path = module.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let imports = Imports::of(&module, text);
        let reexported = imports.reexported.into_iter().map(|(name, path)| (name, path.join("::")));
        (imports.used.into_iter().map(|path| path.join("::")).collect(), reexported.collect())
    }

    #[test]
    fn use_items_are_read_with_their_lists() {
        let text = "use std::fmt; use crate::a::{self, B, c::{D as E, F}}; use super::g; use self::h::I;";
        let (used, _) = of("x::y", text);
        assert_eq!(used, ["a", "a::B", "a::c::D", "a::c::F", "x::g", "x::y::h::I"]);
        assert_eq!(of("x::y", "use super::super::z; use super::*;").0, ["z", "x::*"]);
    }

    #[test]
    fn inline_paths_are_read() {
        let text = "fn f(self) { crate::a::b(); super::C::<D>::e(); self.g(); other::crate_h(); Self::i() }";
        assert_eq!(of("x::y", text).0, ["a::b", "x::C"]);
        assert_eq!(of("x", "mod part { use super::z; } fn f() { super::w() }").0, ["x::z", "w"]);
    }

    #[test]
    fn a_reexport_of_a_child_is_no_import() {
        let text = "mod child; pub use child::A; pub(crate) use self::child::{B, C as D}; pub use std::fmt;";
        let (used, reexported) = of("x", text);
        assert!(used.is_empty(), "{used:?}");
        let pairs = [("A", "x::child::A"), ("B", "x::child::B"), ("D", "x::child::C")];
        assert_eq!(reexported, pairs.map(|(name, path)| (name.to_owned(), path.to_owned())));
    }

    #[test]
    fn a_reexport_from_elsewhere_is_an_import() {
        let (used, reexported) = of("x", "pub(super) use crate::y::A;");
        assert_eq!((used, reexported.len()), (vec!["y::A".to_owned()], 1));
    }

    #[test]
    fn bare_paths_to_children_are_kept_apart() {
        let text = "mod a; mod b; use a::{C, d::E}; fn f() { b::g(); other::b::h(); i.b() }";
        let imports = Imports::of(&["x".to_owned()], text);
        let paths: Vec<String> = imports.used_of_children.iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["x::a::C", "x::a::d::E", "x::b::g"]);
        assert!(imports.used.is_empty());
    }

    #[test]
    fn visibility_and_tests_import_nothing() {
        let text = "pub(in crate::a) fn f() {} #[cfg(test)] mod tests { use crate::b; } // crate::c\n";
        assert!(of("x", text).0.is_empty());
    }
}
