//! Node's modules in a bundle: those that there are stay imports, and `require` finds them; others are refused by name.

use mayfly_runtime::NODE_MODULES;
use serde_json::Value;

/// The Node modules that a bundle leaves as imports.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Externals {
    /// Asked for by `require`.
    required: Vec<String>,
    /// Imported, though there is no such module, with the file that does it.
    unknown: Option<(String, String)>,
}

/// The names under which packages import them too.
pub(super) fn bare_names() -> impl Iterator<Item = &'static str> {
    // What is within one is reached by its own name.
    NODE_MODULES.iter().filter_map(|name| name.strip_prefix("node:")).filter(|name| !name.contains('/'))
}

/// Which there are, as a sentence.
pub(super) fn available() -> String {
    format!("Of Node's modules functions have {}.", NODE_MODULES.join(", "))
}

fn is_known(name: &str) -> bool {
    NODE_MODULES.contains(&name)
}

impl Externals {
    /// As esbuild's metafile has them.
    pub(super) fn of(metafile: &Value) -> Self {
        let mut externals = Self::default();
        for (file, input) in metafile["inputs"].as_object().into_iter().flatten() {
            for import in input["imports"].as_array().into_iter().flatten() {
                let name = import["path"].as_str().unwrap_or_default();
                if import["external"] != true || !name.starts_with("node:") {
                    continue;
                }
                match import["kind"].as_str() {
                    Some("require-call") if is_known(name) => externals.require(name),
                    // A package may do without what it only tries to get.
                    Some("import-statement") if !is_known(name) => {
                        externals.unknown.get_or_insert((name.to_owned(), file.clone()));
                    }
                    _ => {}
                }
            }
        }
        externals
    }

    fn require(&mut self, name: &str) {
        if !self.required.iter().any(|known| known == name) {
            self.required.push(name.to_owned());
        }
    }

    /// The flag that puts a `require` before the bundle, where something asks for it.
    pub(super) fn banner(&self) -> Result<Option<String>, String> {
        if let Some((name, file)) = &self.unknown {
            return Err(format!("the function cannot be bundled:\n{file} imports {name}. {}", available()));
        }
        if self.required.is_empty() {
            return Ok(None);
        }
        let mut imports = String::new();
        let mut table = String::new();
        for (number, name) in self.required.iter().enumerate() {
            imports += &format!("import __node{number} from \"{name}\";");
            table += &format!("\"{name}\": __node{number}, ");
        }
        Ok(Some(format!(
            "--banner:js={imports}const require = ((modules) => (name) => {{ if (Object.hasOwn(modules, name)) \
             return modules[name]; throw Object.assign(new Error(`Cannot find module '${{name}}'`), {{ code: \
             \"MODULE_NOT_FOUND\" }}); }})({{ {table}}});"
        )))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn externals(imports: Value) -> Externals {
        Externals::of(&json!({ "inputs": { "a.ts": { "imports": imports } } }))
    }

    #[test]
    fn what_is_required_is_imported_once() {
        let crypto = json!({ "path": "node:crypto", "kind": "require-call", "external": true });
        let banner = externals(json!([crypto, crypto])).banner().unwrap().unwrap();
        assert!(
            banner.starts_with("--banner:js=import __node0 from \"node:crypto\";const require"),
            "{banner}"
        );
        assert_eq!(banner.matches("import ").count(), 1);
        assert_eq!(externals(json!([])).banner(), Ok(None));
    }

    #[test]
    fn what_there_is_not_is_named_with_the_file() {
        let fs = json!({ "path": "node:fs", "kind": "import-statement", "external": true });
        let refused = externals(json!([fs])).banner().unwrap_err();
        assert!(refused.contains("a.ts imports node:fs") && refused.contains("node:buffer"), "{refused}");
        let tried = json!({ "path": "node:fs", "kind": "require-call", "external": true });
        assert_eq!(externals(json!([tried])).banner(), Ok(None));
    }
}
