//! Whether a bundle is small enough to be sent, and what makes it large.

use std::collections::BTreeMap;
use std::path::Path;

use mayfly_runtime::SOURCE_BYTES_MAX;
use serde_json::Value;

/// How many of the largest parts are named.
const NAMED: usize = 5;

/// Refuses code that the server would refuse.
pub(super) fn check(code: &str, file: &Path, metafile: &Value) -> Result<(), String> {
    if code.len() <= SOURCE_BYTES_MAX {
        return Ok(());
    }
    let mut said = format!(
        "{}: the function has {}, and may have {}",
        file.display(),
        mebibytes(code.len() as u64),
        mebibytes(SOURCE_BYTES_MAX as u64)
    );
    let largest = largest(metafile);
    if !largest.is_empty() {
        let named: Vec<_> =
            largest.iter().map(|(name, bytes)| format!("{name} {}", mebibytes(*bytes))).collect();
        said += &format!("; the largest in it: {}", named.join(", "));
    }
    Err(said)
}

/// The packages and own files that most of a bundle is made of.
fn largest(metafile: &Value) -> Vec<(String, u64)> {
    let mut parts: BTreeMap<String, u64> = BTreeMap::new();
    for output in metafile["outputs"].as_object().into_iter().flat_map(|outputs| outputs.values()) {
        for (file, input) in output["inputs"].as_object().into_iter().flatten() {
            *parts.entry(part_of(file)).or_default() += input["bytesInOutput"].as_u64().unwrap_or_default();
        }
    }
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    parts.truncate(NAMED);
    parts
}

/// The package that a file belongs to, or an own file.
fn part_of(file: &str) -> String {
    let Some((_, inner)) = file.rsplit_once("node_modules/") else { return file.to_owned() };
    let parts = if inner.starts_with('@') { 2 } else { 1 };
    inner.split('/').take(parts).collect::<Vec<_>>().join("/")
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_too_large_is_told_with_its_largest_parts() {
        let metafile = json!({ "outputs": { "function.js": { "inputs": {
            "f.ts": { "bytesInOutput": 5 },
            "node_modules/@a/b/x.js": { "bytesInOutput": 3 << 20 },
            "node_modules/@a/b/y.js": { "bytesInOutput": 1 << 20 },
            "node_modules/c/node_modules/d/x.js": { "bytesInOutput": 2 << 20 },
        } } } });
        assert_eq!(check(&"x".repeat(SOURCE_BYTES_MAX), Path::new("f.ts"), &metafile), Ok(()));
        let said = check(&"x".repeat(SOURCE_BYTES_MAX + 1), Path::new("f.ts"), &metafile).unwrap_err();
        assert!(said.contains("@a/b 4.0 MiB, d 2.0 MiB, f.ts 0.0 MiB"), "{said}");
    }
}
