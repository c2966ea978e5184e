//! Bundles the prelude: every `src/api/*.js` becomes one scope of a single module that exports nothing, so that at run
//! time there is no name by which a tenant's code could reach inside. Node's modules, `src/node/*.js`, are a second such
//! bundle.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

#[path = "build/templates.rs"]
mod templates;

/// The language's own names that modules use: within the prelude they mean what they meant at its start.
const LANGUAGE: &[&str] = &[
    "AggregateError",
    "Array",
    "ArrayBuffer",
    "BigInt",
    "BigInt64Array",
    "BigUint64Array",
    "Boolean",
    "DataView",
    "Date",
    "Error",
    "EvalError",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "Function",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "JSON",
    "Map",
    "Math",
    "Number",
    "Object",
    "Promise",
    "RangeError",
    "ReferenceError",
    "Reflect",
    "RegExp",
    "Set",
    "String",
    "Symbol",
    "SyntaxError",
    "TypeError",
    "URIError",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakSet",
    "parseFloat",
    "parseInt",
];

/// Each module after the ones it imports. What every request needs comes last, side by side: an invocation writes to fewer
/// pages for it.
const MODULES: &[&str] = &[
    "primordials",
    "host",
    "exceptions",
    "queue",
    "tasks",
    "timers",
    "events",
    "compute",
    "events_target",
    "events_abort",
    "streams_common",
    "streams_strategy",
    "streams_writable_core",
    "streams_writable_control",
    "streams_writable",
    "streams_readable_core",
    "streams_readable_control",
    "streams_views",
    "streams_pull_into",
    "streams_bytes",
    "streams_respond",
    "streams_tee",
    "streams_tee_bytes",
    "streams_pipe",
    "streams_from",
    "streams_iterate",
    "streams_readers",
    "streams_controllers",
    "streams_readable",
    "streams_transform",
    "intl_common",
    "intl_digits",
    "intl_number_format",
    "intl_date_time_format",
    "intl_collator",
    "intl_plural_rules",
    "intl_segmenter",
    "intl_list_format",
    "intl_relative_time_format",
    "intl_display_names",
    "intl_locale",
    "intl_builtins",
    "iterators",
    "mime",
    "blob",
    "blob_file",
    "events_kinds",
    "clone_write",
    "clone",
    "messages",
    "streams_transfer",
    "form_data",
    "encoding",
    "url_pattern",
    "crypto_values",
    "compression",
    "encoding_streams",
    "crypto_key",
    "crypto_jwk",
    "crypto_digest",
    "crypto_symmetric",
    "crypto_kdf",
    "crypto_rsa",
    "crypto_curves",
    "crypto_algorithms",
    "crypto_subtle",
    "crypto_stream",
    "performance_entries",
    "navigator",
    "inspect_group",
    "inspect_text",
    "inspect_errors",
    "inspect",
    "inspect_format",
    "thrown",
    "errors",
    "performance_observer",
    "console_table",
    "console",
    "url_search_params",
    "url",
    "blob_urls",
    "headers",
    "body",
    "body_stream",
    "request_options",
    "request",
    "response",
    "random",
    "clock",
    "transactions",
    "enqueue",
    "database",
    "idempotency",
    "kv",
    "realtime",
    "wait_until",
    "fetch",
    "invoke",
    "storage",
    "context",
    "shapes",
    "scripts",
    "dispatch",
];

/// Node's modules, each after the ones it imports; they may import those of the prelude as well.
const NODE_MODULES: &[&str] = &[
    "language",
    "errors",
    "buffer_codecs",
    "buffer_search",
    "buffer_numbers",
    "buffer",
    "string_decoder",
    "events",
    "events_await",
    "async_hooks",
    "types",
    "deep_equal",
    "util",
    "assert",
    "path",
    "querystring",
    "url_legacy",
    "url",
    "crypto_hash",
    "crypto_random",
    "crypto_keys",
    "crypto",
    "absent",
    "process",
    "os",
    "timers",
    "vendor",
    "stream",
    "der",
    "crypto_objects",
    "crypto_sign",
    "crypto_cipher",
    "bcrypt",
    "zlib",
    "http",
    "diagnostics_channel",
    "deno",
    "caches",
    "event_source",
    "websocket",
    "others",
    "modules",
];

/// Those of them that are evaluated when a function first imports one: they are functions that give their exports.
const LAZY: &[&str] = &[
    "process",
    "os",
    "timers",
    "vendor",
    "stream",
    "der",
    "crypto_objects",
    "crypto_sign",
    "crypto_cipher",
    "bcrypt",
    "zlib",
    "http",
    "diagnostics_channel",
    "deno",
    "caches",
    "event_source",
    "websocket",
    "others",
];

fn main() {
    for folder in ["src/api", "src/node", "build"] {
        println!("cargo:rerun-if-changed={folder}");
    }
    let mut internals = BTreeSet::new();
    let library = library(&mut internals);
    write("prelude.js", &prelude(&internals));
    write("library.js", &library);
}

/// The natives' script, whose function gives back the ways in, and the modules that the library imports.
fn prelude(internals: &BTreeSet<String>) -> String {
    let mut bundle = head("__prelude", "HOST");
    for module in MODULES {
        push_scope(&mut bundle, "api", module, &mut BTreeSet::new());
    }
    let shared: Vec<String> = internals.iter().map(|module| format!("{module}: m_{module}")).collect();
    bundle + &format!("return {{ ...m_dispatch, internals: {{ {} }} }};\n}});\n", shared.join(", "))
}

/// Node's modules, by name.
fn library(internals: &mut BTreeSet<String>) -> String {
    let mut scopes = String::new();
    for module in NODE_MODULES {
        push_scope(&mut scopes, "node", module, internals);
    }
    let mut bundle = head("__library", "INTERNALS");
    for module in &*internals {
        bundle += &format!("const m_{module} = INTERNALS.{module};\n");
    }
    bundle + &scopes + "return n_modules;\n});\n"
}

/// The engine makes a template of a call of `String.prototype.concat`, which a tenant may have replaced: here it is one of
/// a function that cannot be replaced.
fn head(global: &str, parameter: &str) -> String {
    format!(
        "globalThis.{global} = (function ({parameter}) {{\nconst {{ {} }} = globalThis;\n\
         const TEMPLATE = Function.prototype.call.bind(String.prototype.concat);\n",
        LANGUAGE.join(", ")
    )
}

fn push_scope(bundle: &mut String, folder: &str, module: &str, internals: &mut BTreeSet<String>) {
    let source = fs::read_to_string(format!("src/{folder}/{module}.js")).expect("the module's source");
    // Other people's code has template literals already as it must.
    let source = if module == "vendor" { source } else { templates::without(&source) };
    let (body, exports) = scope(module, folder, &source, internals);
    let prefix = prefix(folder);
    let exports = exports.join(", ");
    let evaluated = format!("(() => {{\n{body}\nreturn {{ {exports} }};\n}})()");
    if is_lazy(folder, module) {
        writeln!(bundle, "let v_{module};\nconst {prefix}_{module} = () => (v_{module} ??= {evaluated});")
    } else {
        writeln!(bundle, "const {prefix}_{module} = {evaluated};")
    }
    .expect("a string takes text");
}

fn is_lazy(folder: &str, module: &str) -> bool {
    folder == "node" && LAZY.contains(&module)
}

fn prefix(folder: &str) -> char {
    if folder == "api" { 'm' } else { 'n' }
}

fn write(name: &str, text: &str) {
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join(name);
    fs::write(out, text).expect("OUT_DIR is writable");
}

/// A module's source with its imports and exports turned into plain bindings, and the names that it exports.
fn scope(
    module: &str,
    folder: &str,
    source: &str,
    internals: &mut BTreeSet<String>,
) -> (String, Vec<String>) {
    let mut body = String::new();
    let mut exports = Vec::new();
    let mut import = String::new();
    for line in source.lines() {
        if !import.is_empty() || line.starts_with("import ") {
            import.push_str(line);
            if line.ends_with(';') {
                body.push_str(&binding(module, folder, &import, internals));
                body.push('\n');
                import.clear();
            }
            continue;
        }
        match line.strip_prefix("export ") {
            Some(declaration) => {
                exports.push(declared(module, declaration).to_owned());
                body.push_str(declaration);
            }
            None => body.push_str(line),
        }
        body.push('\n');
    }
    (body, exports)
}

/// `import { a, b as c } from "./x.js";` as `const { a, b: c } = m_x;`, `import * as x` as `const x = m_x;`.
fn binding(module: &str, folder: &str, import: &str, internals: &mut BTreeSet<String>) -> String {
    let odd = || panic!("{module}: an import that the bundler does not know: {import}");
    let Some((names, from)) = import.strip_prefix("import ").and_then(|rest| rest.split_once(" from \""))
    else {
        odd()
    };
    let Some(from) = from.strip_suffix(".js\";") else { odd() };
    let (home, from) = match (from.strip_prefix("./"), from.strip_prefix("../api/")) {
        (Some(from), _) => (folder, from),
        (_, Some(from)) => ("api", from),
        _ => odd(),
    };
    let known = if home == "api" { MODULES } else { NODE_MODULES };
    assert!(known.contains(&from), "{module} imports {from}, which is not in the list of modules");
    if home != folder {
        internals.insert(from.to_owned());
    }
    let is_whole = names.starts_with("* as ");
    let names = names.trim_start_matches("* as ").replace(" as ", ": ");
    // A module that imports a lazy one by names needs it at once; as a whole it stays a function.
    let evaluated = if is_lazy(home, from) && !is_whole { "()" } else { "" };
    format!("const {names} = {}_{from}{evaluated};", prefix(home))
}

/// The name that `function f(`, `class C`, `const c =` declares.
fn declared<'a>(module: &str, declaration: &'a str) -> &'a str {
    let rest = ["async function ", "function ", "class ", "const ", "let "]
        .iter()
        .find_map(|keyword| declaration.strip_prefix(keyword))
        .unwrap_or_else(|| panic!("{module}: an export that the bundler does not know: {declaration}"));
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
    &rest[..end]
}
