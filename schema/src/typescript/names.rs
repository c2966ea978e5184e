//! Names of TypeScript types: PascalCase, and unique.

use std::collections::{BTreeMap, BTreeSet};

use unicode_id_start::{is_id_continue, is_id_start};

use crate::declare::dsl::Declared;

/// Names that mean something in the file already.
const TAKEN: [&str; 4] = ["Date", "Json", "Tables", "Uint8Array"];

/// What each enum and each table is called.
pub(super) struct Names {
    enums: BTreeMap<String, String>,
    tables: BTreeMap<String, String>,
}

impl Names {
    pub(super) fn of(declared: &Declared) -> Self {
        let mut taken: BTreeSet<String> = TAKEN.map(str::to_owned).into();
        let mut names = |all: &mut dyn Iterator<Item = &String>| {
            all.map(|name| (name.clone(), free(name, &mut taken))).collect::<BTreeMap<_, _>>()
        };
        let enums = names(&mut declared.enums.keys());
        let tables = names(&mut declared.tables.iter().map(|table| &table.name));
        Self { enums, tables }
    }

    pub(super) fn of_enum(&self, name: &str) -> &str {
        self.enums.get(name).map_or("string", String::as_str)
    }

    pub(super) fn of_table(&self, name: &str) -> &str {
        self.tables.get(name).map_or("unknown", String::as_str)
    }
}

/// `notes`, and where that is taken `NotesRow`, `NotesRow2`...
fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let base = type_name(name);
    let mut chosen = base.clone();
    let mut number = 1;
    while chosen.is_empty() || taken.contains(&chosen) {
        chosen = if number == 1 { format!("{base}Row") } else { format!("{base}Row{number}") };
        number += 1;
    }
    taken.insert(chosen.clone());
    chosen
}

/// `order items` becomes `OrderItems`.
fn type_name(name: &str) -> String {
    let words = name.split(|c: char| c == '_' || !is_id_continue(c)).filter(|word| !word.is_empty());
    let mut joined: String = words
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect();
    if joined.chars().next().is_some_and(|first| !is_id_start(first)) {
        joined.insert(0, '_');
    }
    joined
}

/// A property's name, in quotes where it needs them.
pub(super) fn member(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if is_plain { name.to_owned() } else { quoted(name) }
}

/// A string literal: JSON's are TypeScript's too.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
