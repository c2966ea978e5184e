//! The allocation layout of the engine image: a plan that the host hands over before its objects are allocated.

/// Planned allocations begin at multiples of this.
pub const ALIGN_BYTES: usize = 16;
/// What stands before each of them.
pub const HEADER_BYTES: usize = 4;

/// The size of the first arena, for what most invocations touch. What they allocate lies behind it, then the function's own, then
/// what fewer of them touch: with the guest's variables, two of the stretches of 64 KiB in which Linux maps a file.
pub const FIRST_ARENA_BYTES: usize = 48 << 10;

/// The size in a log's entry of an allocation that was freed.
pub const FREED: u32 = u32::MAX;
/// Bytes of a log's entry: the address and the size, both little-endian.
pub const LOGGED_BYTES: usize = 8;

/// Where one allocation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayoutEntry {
    /// Which allocation it is, counted from 1 since the runtime began to be made.
    pub ordinal: u32,
    /// Where it lies in the arenas, as if nothing were between them: a multiple of [`ALIGN_BYTES`], and the start of none.
    pub offset: u32,
    /// Its room. An allocation that needs more is not placed.
    pub bytes: u32,
}

/// Bytes of an encoded [`LayoutEntry`].
pub const ENTRY_BYTES: usize = 12;

impl LayoutEntry {
    /// As the guest reads it.
    pub fn to_bytes(self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let words = [self.ordinal, self.offset, self.bytes];
        for (to, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *to = word.to_le_bytes();
        }
        bytes
    }

    /// The entries of a plan; what remains of the bytes is left out.
    pub fn read_all(bytes: &[u8]) -> impl Iterator<Item = Self> + '_ {
        bytes.as_chunks::<ENTRY_BYTES>().0.iter().map(|bytes| {
            let [ordinal, offset, room] = [0, 4, 8]
                .map(|at| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]));
            Self { ordinal, offset, bytes: room }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read_as_they_were_written() {
        let places = [1_u32, 70_000].map(|ordinal| LayoutEntry { ordinal, offset: 16, bytes: 60 });
        let bytes: Vec<u8> = places.iter().flat_map(|place| place.to_bytes()).collect();
        assert_eq!(LayoutEntry::read_all(&bytes).collect::<Vec<_>>(), places);
    }
}
