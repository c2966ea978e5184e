//! Text in the encodings of the web, to UTF-8.

use encoding_rs::{DecoderResult, Encoding};
use mayfly_abi::compute::Status;
use mayfly_abi::frame::Reader;

use super::states::{State, States};
use super::{ComputeError, Computed, Output};

fn encoding(args: &mut Reader<'_>) -> Result<&'static Encoding, ComputeError> {
    Encoding::for_label(args.bytes()?).ok_or(ComputeError(Status::Type, "there is no such encoding"))
}

/// The web's own name of the encoding that a label stands for; nothing for those that only ever replace.
pub(super) fn encoding_name(args: &mut Reader<'_>) -> Computed {
    let encoding = Encoding::for_label_no_replacement(args.bytes()?);
    Ok(encoding.map_or(Vec::new(), |encoding| encoding.name().to_ascii_lowercase().into_bytes()).into())
}

fn decoder(args: &mut Reader<'_>) -> Result<(encoding_rs::Decoder, bool), ComputeError> {
    let encoding = encoding(args)?;
    let (fatal, keep_mark) = (args.u8()? != 0, args.u8()? != 0);
    let decoder = if keep_mark {
        encoding.new_decoder_without_bom_handling()
    } else {
        encoding.new_decoder_with_bom_removal()
    };
    Ok((decoder, fatal))
}

pub(super) fn decode(args: &mut Reader<'_>) -> Computed {
    let (mut decoder, fatal) = decoder(args)?;
    run(&mut decoder, fatal, args.rest(), true)
}

pub(super) fn open(args: &mut Reader<'_>, states: &mut States) -> Computed {
    let (decoder, fatal) = decoder(args)?;
    states.add(State::Decoder { decoder, fatal })
}

pub(super) fn push(args: &mut Reader<'_>, states: &mut States) -> Computed {
    let (number, last) = (args.u32()?, args.u8()? != 0);
    let State::Decoder { decoder, fatal } = states.get(number)? else {
        return Err(ComputeError(Status::Type, "the decoder has ended, or belongs to another invocation"));
    };
    let text = run(decoder, *fatal, args.rest(), last);
    if last || text.is_err() {
        states.take(number);
    }
    text
}

fn run(decoder: &mut encoding_rs::Decoder, fatal: bool, bytes: &[u8], last: bool) -> Computed {
    let malformed = || ComputeError(Status::Type, "The encoded data was not valid");
    let mut text = if fatal {
        let mut text = String::with_capacity(
            decoder.max_utf8_buffer_length_without_replacement(bytes.len()).ok_or_else(malformed)?,
        );
        match decoder.decode_to_string_without_replacement(bytes, &mut text, last).0 {
            DecoderResult::InputEmpty => text,
            DecoderResult::OutputFull | DecoderResult::Malformed(..) => return Err(malformed()),
        }
    } else {
        let mut text =
            String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).ok_or_else(malformed)?);
        let _ = decoder.decode_to_string(bytes, &mut text, last);
        text
    };
    text.shrink_to_fit();
    Ok(Output::new(text.into_bytes()))
}
