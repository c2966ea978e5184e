//! Streamed compression: what comes out of one call is bounded, however much went in.

use flate2::{Compress, Compression, Decompress};
use mayfly_abi::compute::{Status, Wrapping};
use mayfly_abi::frame::{Reader, Writer};

use super::codec::Codec;
use super::states::{State, States};
use super::{ComputeError, Computed, Output};

/// The most that one call puts out. Expanding a compression bomb is paid call by call, and the output is held in the
/// guest's own bounded memory.
pub(super) const OUT_BYTES_MAX: usize = 256 << 10;
const WINDOW_BITS: u8 = 15;

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
        return Err(ComputeError(
            Status::Type,
            "the compression has ended, or belongs to another invocation",
        ));
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
