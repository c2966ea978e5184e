//! Node's modules against Node: node/cases.json holds what Node itself answered, node/cases.mjs is how it was asked.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{call, image, invoke, text};

fn check(module: &str) {
    let file: Value = serde_json::from_str(include_str!("node/cases.json")).unwrap();
    let cases: Vec<&Value> =
        file["cases"].as_array().unwrap().iter().filter(|case| case["module"] == module).collect();
    assert!(!cases.is_empty());
    let mut code = format!("{}\nconst cases = [", file["imports"].as_str().unwrap());
    for case in &cases {
        writeln!(code, "async () => ({}),", case["expression"].as_str().unwrap()).unwrap();
    }
    code += "];\nexport async function handler() { const answers = []; for (const one of cases) { try { answers.push(await one()) } \
             catch (error) { answers.push(`${error}\\n${error.stack}`) } } return Response.json(answers); }";
    let answers: Value = serde_json::from_str(&text(invoke(&image(&code), call()).0)).unwrap();
    let mut wrong = String::new();
    for (case, answer) in cases.iter().zip(answers.as_array().unwrap()) {
        if case["expected"] != *answer {
            writeln!(wrong, "{}\n  node: {}\n  here: {answer}", case["expression"], case["expected"])
                .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{module}:\n{wrong}");
}

#[test]
fn buffers_are_nodes() {
    check("node:buffer");
}

#[test]
fn crypto_is_nodes() {
    check("node:crypto");
}

#[test]
fn util_is_nodes() {
    check("node:util");
}

#[test]
fn assert_is_nodes() {
    check("node:assert");
}

#[test]
fn paths_are_nodes() {
    check("node:path");
}

#[test]
fn urls_are_nodes() {
    check("node:url");
}
