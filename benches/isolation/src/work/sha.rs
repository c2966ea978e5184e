//! SHA-256 of 100 KB: by WebCrypto where a way has it, else in JavaScript.
use sha2::{Digest as _, Sha256};

use super::{Needs, Work};

pub(super) fn work() -> Work {
    let body: Vec<u8> =
        (0..100_000_u32).map(|n| b'a' + u8::try_from(n * 7 % 26).unwrap_or_default()).collect();
    let digest = Sha256::digest(&body);
    let answer = digest.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    Work {
        name: "sha256",
        about: "SHA-256 of 100 KB, by WebCrypto where there is one",
        source: include_str!("sha/handler.js").to_owned(),
        body,
        answer,
        needs: Needs::Nothing,
    }
}
