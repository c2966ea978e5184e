//! Compression, streamed: what comes out of one call is bounded, whatever went in.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status as Progress};
use mayfly_abi::compute::{Status, Wrapping};
use mayfly_abi::frame::{Reader, Writer};

use super::states::{State, States};
use super::{Computed, Output, Refusal};

/// What one call puts out at most. Who expands a bomb pays for each of them, and holds them in a memory that is bounded.
pub(super) const OUT_BYTES_MAX: usize = 256 << 10;
const WINDOW_BITS: u8 = 15;
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
    fn run(&mut self, input: &[u8], out: &mut Vec<u8>, last: bool) -> Result<(usize, bool), Refusal> {
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

    fn step(&mut self, input: &[u8], out: &mut Vec<u8>, last: bool) -> Result<Progress, Refusal> {
        let corrupt = Refusal(Status::Type, "the compressed data is corrupt");
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

pub(super) fn open_compressor(args: &mut Reader<'_>, states: &mut States) -> Computed {
    let wrapping = Wrapping::read(args)?;
    let level = Compression::new(u32::from(args.u8()?.min(9)));
    let codec = match wrapping {
        Wrapping::Gzip => Compress::new_gzip(level, WINDOW_BITS),
        Wrapping::Zlib => Compress::new(level, true),
        Wrapping::Raw => Compress::new(level, false),
    };
    states.add(State::Codec(Codec::Compressor(Box::new(codec))))
}

pub(super) fn open_decompressor(args: &mut Reader<'_>, states: &mut States) -> Computed {
    let codec = match Wrapping::read(args)? {
        Wrapping::Gzip => Decompress::new_gzip(WINDOW_BITS),
        Wrapping::Zlib => Decompress::new(true),
        Wrapping::Raw => Decompress::new(false),
    };
    states.add(State::Codec(Codec::Decompressor(Box::new(codec))))
}

pub(super) fn push(args: &mut Reader<'_>, states: &mut States) -> Computed {
    let (number, last) = (args.u32()?, args.u8()? != 0);
    let State::Codec(codec) = states.get(number)? else {
        return Err(Refusal(Status::Type, "the compression has ended, or began elsewhere"));
    };
    let input = args.rest();
    let mut out = Vec::with_capacity(OUT_BYTES_MAX);
    let run = codec.run(input, &mut out, last);
    let idle = out.len() < OUT_BYTES_MAX;
    let Ok((taken, ended)) = run else {
        states.take(number);
        return run.map(|_| Output::default());
    };
    let mut writer = Writer::with_capacity(6 + out.len());
    writer.u32(taken as u32);
    writer.u8(u8::from(idle && (ended || taken == input.len())));
    writer.u8(u8::from(ended));
    writer.rest(&out);
    Ok(Output::new(writer.finish()))
}
