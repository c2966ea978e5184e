//! Random bytes from the host, and the generator behind `Math.random`, seeded again for each invocation.

use std::cell::Cell;

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result, TypedArray};
use mayfly_abi::op::HostCall;

use super::encoding;
use crate::import;
use crate::phase::require_invocation;

thread_local! {
    // xoroshiro128+, whose state must not be all zeroes.
    static STATE: Cell<[u64; 2]> = const { Cell::new([0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9]) };
}

pub(super) fn reseed(seed: [u8; 16]) {
    let [a, b] = [0, 8].map(|at| seed[at..].first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes)));
    STATE.set([a, b | 1]);
}

/// A number in [0, 1) with 53 random bits.
fn math_random() -> f64 {
    let [a, mut b] = STATE.get();
    let sum = a.wrapping_add(b);
    b ^= a;
    STATE.set([a.rotate_left(24) ^ b ^ (b << 16), b.rotate_left(37)]);
    (sum >> 11) as f64 / (1u64 << 53) as f64
}

fn fill(ctx: Ctx<'_>, into: TypedArray<'_, u8>) -> Result<()> {
    require_invocation(&ctx, "crypto.getRandomValues")?;
    let mut bytes = vec![0; into.as_bytes().map_or(0, <[u8]>::len)];
    import::fill(HostCall::Random, &mut bytes);
    encoding::write(&into, &bytes);
    Ok(())
}

fn uuid(ctx: Ctx<'_>) -> Result<String> {
    require_invocation(&ctx, "crypto.randomUUID")?;
    let mut bytes = [0; 16];
    import::fill(HostCall::Random, &mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for nibble in [byte >> 4, byte & 0xf] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    Ok(text)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("mathRandom", Function::new(ctx.clone(), math_random)?.with_name("random")?)?;
    host.set("randomFill", Function::new(ctx.clone(), fill)?)?;
    host.set("randomUuid", Function::new(ctx.clone(), uuid)?)
}
