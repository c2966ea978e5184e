//! One compressor or decompressor, run step by step into a bounded buffer.

use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status as Progress};
use mayfly_abi::compute::Status;

use super::ComputeError;

/// About what zlib holds for each direction.
const COMPRESSOR_BYTES: usize = 320 << 10;
const DECOMPRESSOR_BYTES: usize = 64 << 10;

pub(super) enum Codec {
    Compressor(Box<Compress>),
    Decompressor(Box<Decompress>),
}

impl Codec {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Compressor(_) => COMPRESSOR_BYTES,
            Self::Decompressor(_) => DECOMPRESSOR_BYTES,
        }
    }

    /// Takes of the input what it can while there is room; how much it took, and whether the stream has ended.
    pub(super) fn run(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        last: bool,
    ) -> Result<(usize, bool), ComputeError> {
        let mut taken = 0;
        loop {
            let (before, room) = (self.total_in(), out.len());
            let progress = self.step(&input[taken..], out, last)?;
            taken += (self.total_in() - before) as usize;
            if progress == Progress::StreamEnd {
                return Ok((taken, true));
            }
            let stands = self.total_in() == before && out.len() == room;
            if stands || out.len() == out.capacity() {
                return Ok((taken, false));
            }
        }
    }

    fn step(&mut self, input: &[u8], out: &mut Vec<u8>, last: bool) -> Result<Progress, ComputeError> {
        let corrupt = ComputeError(Status::Type, "the compressed data is corrupt");
        match self {
            Self::Compressor(codec) => {
                let flush = if last { FlushCompress::Finish } else { FlushCompress::None };
                codec.compress_vec(input, out, flush).map_err(|_| corrupt)
            }
            Self::Decompressor(codec) => {
                codec.decompress_vec(input, out, FlushDecompress::None).map_err(|_| corrupt)
            }
        }
    }

    fn total_in(&self) -> u64 {
        match self {
            Self::Compressor(codec) => codec.total_in(),
            Self::Decompressor(codec) => codec.total_in(),
        }
    }
}
