//! Wycheproof's vectors through `crypto.subtle`. Their directory is in `MAYFLY_WYCHEPROOF`.

#![allow(clippy::print_stdout, reason = "a test that was skipped says so")]

use std::path::PathBuf;

use crate::support::{image, invoke, post, text};

/// Runs a file's tests; `verdict` is the body of a function of the group and the test, which answers whether it is valid.
fn check(file: &str, verdict: &str) {
    let Some(directory) = std::env::var_os("MAYFLY_WYCHEPROOF").filter(|path| !path.is_empty()) else {
        println!("skipped: MAYFLY_WYCHEPROOF does not name the directory of the vectors");
        return;
    };
    let path = PathBuf::from(directory).join(file);
    let vectors =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let code = format!(
        "const {{ subtle }} = crypto;
         const hex = (text) => Uint8Array.fromHex(text);
         const same = (bytes, text) => new Uint8Array(bytes).toHex() === text;
         const verdict = async (group, test) => {{ {verdict} }};
         export default async (req) => {{
             const {{ testGroups, numberOfTests }} = await req.json();
             const wrong = []; let run = 0;
             for (const group of testGroups) for (const test of group.tests) {{
                 let valid;
                 try {{ valid = await verdict(group, test) }} catch (error) {{ if (!(error instanceof DOMException)) throw error; valid = false }}
                 if (test.result !== 'acceptable' && valid !== (test.result === 'valid')) wrong.push(`${{test.tcId}} (${{test.comment}})`);
                 run++;
             }}
             return new Response(run === numberOfTests ? wrong.join('; ') : `only ${{run}} were run`);
         }}"
    );
    assert_eq!(text(invoke(&image(&code), post(&vectors)).0), "", "{file}");
}

#[test]
fn aes_gcm() {
    check(
        "aes_gcm_test.json",
        "const key = await subtle.importKey('raw', hex(test.key), 'AES-GCM', false, ['encrypt', 'decrypt']);
         const how = { name: 'AES-GCM', iv: hex(test.iv), additionalData: hex(test.aad), tagLength: group.tagSize };
         if (test.result === 'valid' && !same(await subtle.encrypt(how, key, hex(test.msg)), test.ct + test.tag)) return false;
         return same(await subtle.decrypt(how, key, hex(test.ct + test.tag)), test.msg)",
    );
}

#[test]
fn ecdsa() {
    check(
        "ecdsa_secp256r1_sha256_p1363_test.json",
        "const how = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
         const key = await subtle.importKey('spki', hex(group.publicKeyDer), how, false, ['verify']);
         return subtle.verify(how, key, hex(test.sig), hex(test.msg))",
    );
}

#[test]
fn ed25519() {
    check(
        "ed25519_test.json",
        "const key = await subtle.importKey('spki', hex(group.publicKeyDer), 'Ed25519', false, ['verify']);
         return subtle.verify('Ed25519', key, hex(test.sig), hex(test.msg))",
    );
}

#[test]
fn hkdf() {
    check(
        "hkdf_sha256_test.json",
        "const key = await subtle.importKey('raw', hex(test.ikm), 'HKDF', false, ['deriveBits']);
         const how = { name: 'HKDF', hash: 'SHA-256', salt: hex(test.salt), info: hex(test.info) };
         return same(await subtle.deriveBits(how, key, test.size * 8), test.okm)",
    );
}

#[test]
fn hmac() {
    // Shorter tags are the first bytes of whole ones.
    check(
        "hmac_sha256_test.json",
        "const key = await subtle.importKey('raw', hex(test.key), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
         if (group.tagSize === 256) return subtle.verify('HMAC', key, hex(test.tag), hex(test.msg));
         return same((await subtle.sign('HMAC', key, hex(test.msg))).slice(0, group.tagSize / 8), test.tag)",
    );
}

#[test]
fn rsa_signatures() {
    check(
        "rsa_signature_2048_sha256_test.json",
        "const how = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
         const key = await subtle.importKey('spki', hex(group.publicKeyDer), how, false, ['verify']);
         return subtle.verify(how, key, hex(test.sig), hex(test.msg))",
    );
}
