//! The engine's values: 64 bits, a tag in the upper half, or a float with a constant taken off it. `layout.rs` compares
//! these numbers with the engine's.

/// The upper half of a value.
const fn tagged(tag: i32, low: u32) -> u64 {
    (tag as u32 as u64) << 32 | low as u64
}

pub(super) const OBJECT: u64 = tagged(-1, 0);
/// Values from here on have a reference count.
pub(super) const FIRST_COUNTED: u64 = tagged(-9, 0);
pub(super) const FIRST_FLOAT: u64 = tagged(8, 0);
pub(super) const FALSE: u64 = tagged(1, 0);
pub(super) const TRUE: u64 = tagged(1, 1);
pub(super) const NULL: u64 = tagged(2, 0);
pub(super) const UNDEFINED: u64 = tagged(3, 0);
pub(super) const UNINITIALIZED: u64 = tagged(4, 0);
pub(super) const EXCEPTION: u64 = tagged(6, 0);
/// What floats have less than their bits.
pub(super) const FLOAT_ADDEND: u64 = 0x7ff8_000a << 32;
/// The one form of NaN.
pub(super) const NAN: u64 = 0x7ff8_0000_0000_0000_u64.wrapping_sub(FLOAT_ADDEND);
/// The tags of strings are this and the next.
pub(super) const TAG_STRING: u32 = -7_i32 as u32;
pub(super) const TAG_OBJECT: u32 = -1_i32 as u32;

pub(super) fn catch_offset(at: u32) -> u64 {
    tagged(5, at)
}

pub(super) fn string(address: u32) -> u64 {
    tagged(-7, address)
}

pub(super) fn int(value: i32) -> u64 {
    u64::from(value as u32)
}

pub(super) fn float(value: f64) -> u64 {
    if value.is_nan() { NAN } else { value.to_bits().wrapping_sub(FLOAT_ADDEND) }
}

pub(super) fn to_float(bits: u64) -> f64 {
    f64::from_bits(bits.wrapping_add(FLOAT_ADDEND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_their_value() {
        for value in [0.0, -0.0, 1.5, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY] {
            let bits = float(value);
            assert_eq!(to_float(bits).to_bits(), value.to_bits());
            assert!((FIRST_FLOAT..FIRST_COUNTED).contains(&bits), "{value}");
        }
        assert!(to_float(float(f64::NAN)).is_nan());
        assert!((FIRST_FLOAT..FIRST_COUNTED).contains(&NAN));
    }
}
