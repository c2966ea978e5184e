//! The sandbox's type library: every declaration exists, every global is declared, and nothing else compiles.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use support::tsc;

/// The members of a global, as found or as declared.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Global {
    statics: BTreeSet<String>,
    members: BTreeSet<String>,
    is_class: bool,
}

#[derive(Deserialize)]
struct Declared {
    ours: BTreeMap<String, Global>,
    /// Globals of the language, declared by TypeScript's own library.
    language: BTreeSet<String>,
    /// Members of every object.
    object: BTreeSet<String>,
}

/// Globals without a type, and the reason.
const UNDECLARED: &[(&str, &str)] = &[
    ("InternalError", "internal to the engine"),
    ("[Symbol.toStringTag]", "of no use"),
    ("Buffer", "declared by `@types/node`"),
    ("global", "declared by `@types/node`"),
    ("process", "declared by `@types/node`"),
    ("scheduler", "declared by `@types/node`"),
];

/// Members that are declared but not found where the others are, and the reason.
const ELSEWHERE: &[(&str, &str)] = &[
    ("isTrusted", "a property of each event"),
    ("stack", "a property of each error"),
    ("cause", "a property of those errors that have one"),
    ("DigestStream", "a property of `crypto` alone"),
];

impl Declared {
    /// The differences between the library and the sandbox.
    fn disagreements(&self, sandbox: &BTreeMap<String, Global>) -> Vec<String> {
        let mut found: Vec<String> = self
            .ours
            .keys()
            .filter(|name| !sandbox.contains_key(*name))
            .map(|name| format!("{name} is declared and not there"))
            .collect();
        for (name, there) in sandbox {
            match self.ours.get(name) {
                Some(declared) => found.extend(self.differences(name, declared, there)),
                None if self.language.contains(name) || is_in(UNDECLARED, name) => {}
                None => found.push(format!("{name} is there and not declared")),
            }
        }
        found
    }

    fn differences(&self, name: &str, declared: &Global, there: &Global) -> Vec<String> {
        let mut found = Vec::new();
        if declared.is_class != there.is_class {
            found.push(format!("{name}: one of the two is a class"));
        }
        // All globals again.
        if name == "self" {
            return found;
        }
        for (declared, there) in [(&declared.statics, &there.statics), (&declared.members, &there.members)] {
            let undeclared = there.difference(declared).filter(|it| !self.object.contains(*it));
            let absent = declared.difference(there).filter(|it| !is_in(ELSEWHERE, it));
            found.extend(undeclared.map(|it| format!("{name}: {it} is there and not declared")));
            found.extend(absent.map(|it| format!("{name}: {it} is declared and not there")));
        }
        found
    }
}

fn is_in(exceptions: &[(&str, &str)], name: &str) -> bool {
    exceptions.iter().any(|(exception, _)| *exception == name)
}

/// The library's declarations; `None` without a compiler.
fn declared() -> Option<Declared> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/it/typescript/declared.mjs");
    let (compiler, types) = (tsc::package()?, tsc::types());
    let output = Command::new("node").arg(script).args([compiler, types]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn what_is_declared_is_what_a_sandbox_has() {
    let Some(declared) = declared() else { return };
    let sandbox: Value = run(async {
        let app = TestApp::new().await;
        app.deploy("inventory", include_str!("inventory.js")).await;
        app.call("GET", "inventory").ok().await
    });
    let sandbox: BTreeMap<String, Global> = serde_json::from_value(sandbox).unwrap();
    assert!(sandbox.len() > 100 && declared.ours.len() > 50);
    assert_eq!(declared.disagreements(&sandbox), [""; 0]);
    // Each exception is still needed.
    for (name, _) in UNDECLARED {
        assert!(sandbox.contains_key(*name) && !declared.ours.contains_key(*name), "{name}");
    }
    for (name, _) in ELSEWHERE {
        assert!(declared.ours.values().any(|it| it.members.contains(*name)), "{name}");
    }
}

#[test]
fn a_disagreement_is_found_either_way() {
    let global = |members: &[&str]| Global {
        members: members.iter().map(|it| (*it).to_owned()).collect(),
        ..Global::default()
    };
    let declared = Declared {
        ours: [("A".to_owned(), global(&["both", "more"])), ("Gone".to_owned(), global(&[]))].into(),
        language: ["Array".to_owned()].into(),
        object: ["toString".to_owned()].into(),
    };
    let sandbox = [
        ("A".to_owned(), global(&["both", "new", "toString"])),
        ("Array".to_owned(), global(&["at"])),
        ("New".to_owned(), global(&[])),
    ];
    let expected = [
        "Gone is declared and not there",
        "A: new is there and not declared",
        "A: more is declared and not there",
        "New is there and not declared",
    ];
    assert_eq!(declared.disagreements(&sandbox.into()), expected);
}

#[test]
fn what_a_sandbox_has_can_be_used_and_nothing_else() {
    let files = [("use.ts", include_str!("use.ts")), ("misuse.ts", include_str!("misuse.ts"))];
    let Some(said) = tsc::check(&files) else { return };
    assert_eq!(said, "");
}

const NODE: &str = r#"
import { AsyncLocalStorage } from "node:async_hooks";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Handler } from "@mayfly/types";

const requests = new AsyncLocalStorage<string>();

export const handler: Handler = async (req) => {
  const bytes: Buffer = Buffer.from(await req.arrayBuffer());
  const stream: ReadableStream<Uint8Array> = new Blob([await req.bytes()]).stream();
  const url: URL = new URL(req.url);
  const either: AbortSignal = AbortSignal.any([req.signal]);
  // @ts-expect-error Nor is there a window for Node's types.
  window;
  const digest: string = createHash("sha256").update(bytes).digest("hex");
  return Response.json([requests.getStore(), digest, url.searchParams.get("a"), either.aborted, stream.locked]);
};
"#;

#[test]
fn nodes_own_types_go_with_it() {
    let options = json!({ "types": ["node"], "skipLibCheck": true });
    let Some(said) = tsc::check_with(options, &[("index.ts", NODE)]) else { return };
    assert_eq!(said, "");
}

#[test]
fn an_older_language_is_enough_for_it() {
    let code =
        "import type { Handler } from '@mayfly/types'; export const handler: Handler = () => new Response();";
    let Some(said) = tsc::check_with(json!({ "lib": ["es2022"] }), &[("index.ts", code)]) else { return };
    assert_eq!(said, "");
}
