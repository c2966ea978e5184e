//! The code blocks of pages and the examples compile.
//!
//! Each block of a page is a separate module. Omitted parts are added: `{ ... }` stands for a body; a block that is not a
//! module is the body of a handler, with its `req` and its `ctx`; and names that a page assumes are declared in [`KNOWN`].

use std::fs;
use std::path::Path;

use mayfly_schema::{Declared, typescript};
use support::tsc;

/// Names that blocks use without a declaration: an incoming event.
const KNOWN: &str = "declare const event: { readonly id: string; readonly total: number };";

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The code blocks of a language, in order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split_once("\n```").unwrap().0.to_owned() + "\n").collect()
}

/// The module for a block.
fn module(block: &str) -> String {
    let whole = block.replace("{ ... }", "{ throw new Error(); }");
    if whole.lines().any(|line| line.starts_with("export ") || line.starts_with("import ")) {
        let named = whole.contains("import type");
        let context = if named { "" } else { "import type { Context } from \"@mayfly/types\";\n" };
        return format!("{context}{whole}");
    }
    format!(
        "import type {{ Context }} from \"@mayfly/types\";\n{KNOWN}\nexport default async (req: Request, ctx: Context) => {{\n{whole}}};\n"
    )
}

#[test]
fn every_block_of_the_pages_compiles() {
    for (name, least) in [("docs/GUEST.md", 4), ("README.md", 1), ("guest-sdk/types/README.md", 1)] {
        let found = blocks(&page(name), "ts");
        assert!(found.len() >= least, "{name} has {} blocks", found.len());
        for block in found {
            let Some(said) = tsc::check(&[("block.ts", &module(&block))]) else { return };
            assert_eq!(said, "", "{name}:\n{block}");
        }
    }
}

#[test]
fn the_schemas_example_compiles() {
    let page = page("docs/SCHEMA.md");
    // The last declaration of the chapter.
    let declared =
        Declared::read(&blocks(&page, "json")[3], &mayfly_tenant_db::tenant::schema_rules()).unwrap();
    let rows = typescript::render(&declared);
    let Some(said) = tsc::check(&[("mayfly.d.ts", &rows), ("index.ts", &blocks(&page, "ts")[0])]) else {
        return;
    };
    assert_eq!(said, "");
}

#[test]
fn every_example_compiles_with_the_types_of_the_sandbox() {
    let examples = root().join("examples");
    let mut files = Vec::new();
    for entry in fs::read_dir(examples).unwrap() {
        let folder = entry.unwrap().path();
        if let Ok(text) = fs::read_to_string(folder.join("index.ts")) {
            files.push((format!("{}.ts", folder.file_name().unwrap().to_str().unwrap()), text));
        }
    }
    assert!(files.len() >= 4, "{files:?}");
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let Some(said) = tsc::check(&files) else { return };
    assert_eq!(said, "");
}
