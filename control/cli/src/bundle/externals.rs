//! Node's modules in a bundle stay imports, and `require` finds those that something asks for.

use mayfly_runtime::node_module;
use serde_json::Value;

/// The line that puts a `require` before a bundle, where something asks for it.
pub(super) fn required(metafile: &Value) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for input in metafile["inputs"].as_object().into_iter().flat_map(|inputs| inputs.values()) {
        for import in input["imports"].as_array().into_iter().flatten() {
            let name = import["path"].as_str().unwrap_or_default();
            let is_asked_for = import["external"] == true && import["kind"] == "require-call";
            if is_asked_for && node_module(name).is_some() && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if names.is_empty() {
        return None;
    }
    let mut imports = String::new();
    let mut table = String::new();
    for (number, name) in names.iter().enumerate() {
        imports += &format!("import __node{number} from \"{name}\";");
        table += &format!("\"{name}\": __node{number}, ");
    }
    Some(format!(
        "{imports}const require = ((modules) => (name) => {{ if (Object.hasOwn(modules, name)) return modules[name]; throw \
         Object.assign(new Error(`Cannot find module '${{name}}'`), {{ code: \"MODULE_NOT_FOUND\" }}); }})({{ {table}}});"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_required_is_imported_once() {
        let crypto = json!({ "path": "node:crypto", "kind": "require-call", "external": true });
        let metafile = json!({ "inputs": { "a.ts": { "imports": [crypto, crypto] } } });
        let before = required(&metafile).unwrap();
        assert!(before.starts_with("import __node0 from \"node:crypto\";const require"), "{before}");
        assert_eq!(before.matches("import ").count(), 1);
        assert_eq!(required(&json!({ "inputs": {} })), None);
    }
}
