//! Wycheproof's JOSE vectors against the verifier of end users' tokens. Their directory is in `MAYFLY_WYCHEPROOF`.

#![allow(clippy::print_stdout, reason = "a test that was skipped says so")]

use std::fs;
use std::path::PathBuf;

use mayfly_jwt::token::{Algorithm, Compact, KeySet, VerifyKey, verify};
use serde_json::Value;

/// Vectors that call a token with a `?` in its base64url valid, as lenient decoders do.
/// RFC 7515 (section 2 and 5.2) refuses such a token, and so do we.
///
/// And vectors whose key names another algorithm than their token does, which others of the same file (332 to 340) call
/// invalid: the key's `alg` must match.
const CONTRADICTED: [u64; 4] = [346, 350, 372, 373];

/// Vectors marked invalid whose text is identical to that of a valid one.
const TWINS: [u64; 2] = [367, 370];

fn vectors(file: &str) -> Option<Value> {
    let Some(directory) = std::env::var_os("MAYFLY_WYCHEPROOF").filter(|path| !path.is_empty()) else {
        println!("skipped: MAYFLY_WYCHEPROOF does not name the directory of the vectors");
        return None;
    };
    let path = PathBuf::from(directory).join(file);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_slice(&text).unwrap())
}

/// The keys of a group: one, or a set, public where there is a public half.
fn keys(group: &Value) -> Result<KeySet, String> {
    let key = group.get("public").or_else(|| group.get("private")).expect("a key");
    let items = match key.get("keys") {
        Some(Value::Array(items)) => items.clone(),
        _ => vec![key.clone()],
    };
    let read =
        |item: &Value| VerifyKey::from_jwk(item.as_object().unwrap()).map_err(|error| error.to_string());
    let keys = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    KeySet::new(keys).map_err(|error| error.to_string())
}

fn check(keys: &Result<KeySet, String>, test: &Value) -> Result<(), String> {
    // The JSON serialisation is an object, or its text: neither is a compact token.
    let text = test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned);
    let keys = keys.as_ref().map_err(Clone::clone)?;
    let token = Compact::parse(&text).map_err(|fault| fault.to_string())?;
    verify(&token, keys, &Algorithm::ALL).map_err(|fault| fault.to_string())
}

/// Whether a group's key is for an unsupported algorithm; `ES521` is not a registered one.
fn is_foreign(group: &Value) -> bool {
    let key = group.get("public").or_else(|| group.get("private")).expect("a key");
    key.get("alg").and_then(Value::as_str).is_some_and(|name| Algorithm::parse(name).is_none())
}

fn run(file: &str, kinds: &[&str]) {
    let Some(vectors) = vectors(file) else { return };
    let (mut refused, mut taken, mut foreign) = (0, 0, 0);
    for group in vectors["testGroups"].as_array().unwrap() {
        if !kinds.iter().any(|kind| group["comment"].as_str().unwrap().starts_with(kind)) && !kinds.is_empty()
        {
            continue;
        }
        let keys = keys(group);
        for test in group["tests"].as_array().unwrap() {
            let id = test["tcId"].as_u64().unwrap();
            let outcome = check(&keys, test);
            match test["result"].as_str().unwrap() {
                "invalid" if TWINS.contains(&id) => {
                    let twin = |other: &Value| other["jws"] == test["jws"] && other["result"] == "valid";
                    assert!(group["tests"].as_array().unwrap().iter().any(twin), "{file} {id}");
                }
                "invalid" => {
                    assert!(outcome.is_err(), "{file} {id} ({}) was taken", test["comment"]);
                    refused += 1;
                }
                "valid" if CONTRADICTED.contains(&id) => {
                    assert!(outcome.is_err(), "{file} {id}");
                    refused += 1;
                }
                "valid" if is_foreign(group) => {
                    assert!(outcome.is_err(), "{file} {id}");
                    foreign += 1;
                }
                "valid" => {
                    assert_eq!(outcome, Ok(()), "{file} {id} ({})", test["comment"]);
                    taken += 1;
                }
                other => panic!("{file} {id} has the unknown result {other}"),
            }
        }
    }
    assert!(refused > 0 && taken > 0, "{file} has no vectors");
    println!("{file}: {refused} refused, {taken} taken, {foreign} of algorithms that are not ours");
}

#[test]
fn signatures() {
    run("json_web_signature_test.json", &[]);
}

#[test]
fn keys_and_key_sets() {
    run("json_web_key_test.json", &[]);
}

/// The signature vectors of the mixed file: encrypted tokens are not supported.
#[test]
fn signatures_among_other_things() {
    run("json_web_crypto_test.json", &["jws_"]);
}
