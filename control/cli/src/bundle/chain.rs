//! Why something cannot be bundled, with the imports that lead to it.

use mayfly_runtime::node_module;
use serde_json::Value;

use super::imports::Imports;
use super::packet::Said;

/// More errors than these are only counted.
const TOLD_MAX: usize = 5;
/// What esbuild advises and has no meaning here.
const ADVICE: [&str; 3] =
    ["You can mark the path", "was found on the file system but", "Are you trying to bundle for node"];

/// The name that an error says is not found.
pub(super) fn missing(error: &Said) -> Option<String> {
    let text = error.get("text").text();
    let name = text.strip_prefix("Could not resolve \"")?.strip_suffix('"')?;
    // A pattern would leave out more than that.
    (!name.contains('*')).then(|| name.to_owned())
}

/// The extension of a file that cannot be read, such as `.node`.
pub(super) fn unread(error: &Said) -> Option<String> {
    let text = error.get("text").text();
    let extension = text.strip_prefix("No loader is configured for \"")?.split('"').next()?;
    extension.starts_with('.').then(|| extension.to_owned())
}

/// Whether packages ask for these only while they run, as they do for what a project need not have installed.
pub(super) fn may_be_missing(metafile: &Value, missing: &[String]) -> bool {
    let mut asked = metafile["inputs"].as_object().into_iter().flatten().flat_map(|(file, input)| {
        input["imports"].as_array().into_iter().flatten().map(move |import| (file, import))
    });
    asked.all(|(file, import)| {
        let is_one = import["external"] == true && missing.iter().any(|name| import["path"] == name.as_str());
        !is_one || file.contains("node_modules/") && import["kind"] != "import-statement"
    })
}

/// The errors as text: place, line, the imports that lead there, and what to do.
pub(super) fn explain(errors: &[Said], metafile: &Value, entry: &str) -> String {
    let imports = Imports::of(metafile, entry);
    let mut said = "the function cannot be bundled:".to_owned();
    for error in errors.iter().take(TOLD_MAX) {
        let location = error.get("location");
        let file = location.get("file").text();
        said += "\n";
        if !file.is_empty() {
            let (line, column) = (location.get("line").number(), location.get("column").number() + 1);
            said += &format!("{file}:{line}:{column}: ");
        }
        said += error.get("text").text();
        let line = location.get("lineText").text().trim_end();
        if !line.is_empty() {
            said += &format!("\n    {}", line.chars().take(200).collect::<String>().trim_start());
        }
        for note in error.get("notes").list() {
            let note = note.get("text").text();
            if !note.is_empty() && !ADVICE.iter().any(|advice| note.contains(advice)) {
                said += &format!("\n    {note}");
            }
        }
        let way = imports.way(file);
        if way.len() > 1 {
            said += &format!("\n    imported by way of {}", way.join(" > "));
        }
        if let Some(advice) = advice(error) {
            said += &format!("\n    {advice}");
        }
    }
    if errors.len() > TOLD_MAX {
        said += &format!("\nand {} more", errors.len() - TOLD_MAX);
    }
    said
}

fn advice(error: &Said) -> Option<String> {
    if let Some(name) = missing(error) {
        if let Some(found) = installed(error) {
            return Some(format!("{} is installed: {found}", package(&name)));
        }
        if let Some((runtime, _)) = name.split_once(':') {
            return Some(if runtime == "node" {
                "Node has no such module".to_owned()
            } else {
                format!(
                    "modules of `{runtime}:` belong to another platform: a function has Node's, what its handler is given, and npm's packages"
                )
            });
        }
        return (!name.starts_with(['.', '/', '#']) && node_module(&name).is_none())
            .then(|| format!("is it installed? `npm install {}`", package(&name)));
    }
    let extension = unread(error)?;
    Some(match extension.as_str() {
        ".node" => {
            "it is native code, which does not run in a sandbox: the package needs another in its place"
                .into()
        }
        ".wasm" => "functions have no WebAssembly: the package needs another in its place".to_owned(),
        _ => format!("import it as a text: import text from \"./file{extension}\" with {{ type: \"text\" }}"),
    })
}

/// What is wrong with a package that is there, where its own package.json says that.
fn installed(error: &Said) -> Option<&'static str> {
    let notes = || {
        let notes = error.get("notes").list().iter();
        notes.filter(|note| note.get("location").get("file").text().ends_with("package.json"))
    };
    let say = |what: &str| notes().any(|note| note.get("text").text().contains(what));
    Some(if say("was not found on the file system") {
        "its package.json names a file that it does not have; install it again, or another version"
    } else if say("exported by package") {
        "its package.json does not export that to ES modules; import what it exports"
    } else if notes().next().is_some() {
        "it has no such module"
    } else {
        return None;
    })
}

/// The package that a specifier is of.
fn package(name: &str) -> String {
    let parts = if name.starts_with('@') { 2 } else { 1 };
    name.split('/').take(parts).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_package_that_is_there_another_installation_is_no_advice() {
        let error = |note: &str, file: &str| {
            let note = Said::map([("text", note.into()), ("location", Said::map([("file", file.into())]))]);
            Said::map([("text", "Could not resolve \"@a/b/c\"".into()), ("notes", Said::List(vec![note]))])
        };
        let advised = |note: &str, file: &str| advice(&error(note, file)).unwrap();
        let own = "node_modules/@a/b/package.json";
        let whole = advised("The module \"./dist/no.js\" was not found on the file system:", own);
        assert_eq!(
            whole,
            "@a/b is installed: its package.json names a file that it does not have; install it again, or another version"
        );
        assert!(
            advised("The path \"./c\" is not exported by package \"@a/b\":", own).contains("does not export")
        );
        assert!(advised("The \"main\" field here was ignored.", own).contains("no such module"));
        assert!(advised("You can mark the path", "f.ts").contains("`npm install @a/b`"));
    }

    #[test]
    fn modules_of_other_platforms_are_not_to_be_installed() {
        let text = "Could not resolve \"cloudflare:workers\"";
        let error = Said::map([("text", text.into()), ("notes", Said::List(Vec::new()))]);
        let advised = advice(&error).unwrap();
        assert!(advised.starts_with("modules of `cloudflare:` belong to another platform"), "{advised}");
        let error = Said::map([
            ("text", "Could not resolve \"node:none\"".into()),
            ("notes", Said::List(Vec::new())),
        ]);
        assert_eq!(advice(&error).as_deref(), Some("Node has no such module"));
    }

    #[test]
    fn an_error_names_the_imports_that_lead_to_it() {
        let error = Said::map([
            ("text", "Could not resolve \"@a/b/c\"".into()),
            ("location", Said::map([("file", "c.js".into()), ("line", Said::Number(3))])),
            ("notes", Said::List(Vec::new())),
        ]);
        assert_eq!(missing(&error).as_deref(), Some("@a/b/c"));
        let imports = |path: &str| json!({ "imports": [{ "path": path }] });
        let metafile = json!({ "inputs": { "f.ts": imports("b.js"), "b.js": imports("c.js"), "c.js": imports("b.js") } });
        let said = explain(&[error], &metafile, "f.ts");
        assert!(said.contains("c.js:3:1: Could not resolve"), "{said}");
        let asks = |file: &str, kind: &str| {
            let import = json!({ "path": "@a/b/c", "kind": kind, "external": true });
            may_be_missing(&json!({ "inputs": { file: { "imports": [import] } } }), &["@a/b/c".to_owned()])
        };
        assert!(asks("node_modules/x/a.js", "require-call") && asks("node_modules/x/a.js", "dynamic-import"));
        assert!(!asks("node_modules/x/a.js", "import-statement") && !asks("f.ts", "require-call"));
        assert!(
            said.contains("by way of f.ts > b.js > c.js") && said.contains("`npm install @a/b`"),
            "{said}"
        );
    }
}
