//! A number of bytes as people write it: `10MiB`.

use std::str::FromStr;

const BYTES_MIN: u64 = 1 << 10;
const BYTES_MAX: u64 = 1 << 40;

/// A number of bytes between 1 KiB and 1 TiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(u64);

impl ByteSize {
    /// This many bytes, as far as a size may be.
    pub(super) fn of(bytes: u64) -> Self {
        Self(bytes.clamp(BYTES_MIN, BYTES_MAX))
    }

    /// The number.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let shift = match unit.trim() {
            "" | "B" => 0,
            "KiB" | "K" | "k" => 10,
            "MiB" | "M" | "m" => 20,
            "GiB" | "G" | "g" => 30,
            _ => return Err("expected a number of bytes with B, KiB, MiB or GiB".into()),
        };
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(1 << shift))
            .filter(|bytes| (BYTES_MIN..=BYTES_MAX).contains(bytes))
            .map(Self)
            .ok_or_else(|| "expected between 1KiB and 1024GiB".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_bounds() {
        assert_eq!("10MiB".parse::<ByteSize>().unwrap().bytes(), 10 << 20);
        assert_eq!("2048".parse::<ByteSize>().unwrap().bytes(), 2048);
        for bad in ["", "MiB", "1", "1025GiB", "99999999999999999999", "1TiB", "-1"] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad}");
        }
    }
}
