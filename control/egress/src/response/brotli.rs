//! Brotli as RFC 7932 has it: a window of at most 16 MiB, which is counted in the ledger before the decoder is made.

use std::io;

use async_compression::tokio::bufread::BrotliDecoder;
use futures_util::{StreamExt, TryFutureExt, stream};
use mayfly_ledger::Account;
use tokio_util::io::StreamReader;

use super::{ByteStream, chunks_of, holding};

/// Why a body is not decompressed although it could be.
pub(super) const NO_MEMORY: &str = "needs more memory to be decompressed than the app may hold now";

/// The body's bytes. The first byte says how large the window is.
pub(super) fn decompressed(mut compressed: ByteStream, account: Account) -> ByteStream {
    let opened = async move {
        let first = compressed.next().await.transpose()?.unwrap_or_default();
        let window = match first.first() {
            Some(byte) => {
                window_bytes(*byte).ok_or_else(|| io::Error::other("a window beyond the standard"))?
            }
            None => 0,
        };
        let held = account.take(window).map_err(|_| io::Error::other(NO_MEMORY))?;
        let all: ByteStream = Box::pin(stream::iter([Ok(first)]).chain(compressed));
        Ok::<_, io::Error>(holding(chunks_of(BrotliDecoder::new(StreamReader::new(all))), held))
    };
    Box::pin(opened.try_flatten_stream())
}

/// The window that a stream's first byte announces; `None` for one that is no standard's.
fn window_bytes(first: u8) -> Option<usize> {
    let bits = match (first & 1, (first >> 1) & 7, (first >> 4) & 7) {
        (0, ..) => 16,
        (_, 0, 0) => 17,
        // "Large window brotli": up to 1 GiB, which HTTP does not allow.
        (_, 0, 1) => return None,
        (_, 0, short) => 8 + usize::from(short),
        (_, long, _) => 17 + usize::from(long),
    };
    Some(1 << bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_as_the_standard_says_or_refused() {
        for (first, bits) in [(0, 16), (0b1, 17), (0b11, 18), (0b1111, 24), (0b10_0001, 10), (0b111_0001, 15)]
        {
            assert_eq!(window_bytes(first), Some(1 << bits), "{first:#b}");
        }
        assert_eq!(window_bytes(0b001_0001), None);
        assert_eq!(window_bytes(0b1001_0001), None, "the bit above belongs to what follows");
        assert!((0..=255).filter_map(window_bytes).all(|bytes| bytes <= 16 << 20));
    }
}
