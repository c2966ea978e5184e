//! Computations of the host: arguments as frames, and their results.

use javy_plugin_api::javy::quickjs::function::Rest;
use javy_plugin_api::javy::quickjs::{
    Array, ArrayBuffer, Ctx, Exception, Function, Object, Result, String as JsString, TypedArray, Value,
};
use mayfly_abi::compute::{Computation, Status};
use mayfly_abi::frame::{Reader, Writer};
use mayfly_abi::op::{HostCall, Operation};

use crate::phase::require_invocation;
use crate::{import, pending, text};

const DONE: u32 = Status::Done as u32;

/// The result, or an array of its status and the text of why there is none.
fn compute<'js>(ctx: Ctx<'js>, number: u16, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    let computation = named(&ctx, number)?;
    if opens(computation) {
        require_invocation(&ctx, "A computation that goes on from call to call")?;
    }
    let (status, length) = import::compute(&frame(&ctx, computation, &arguments)?);
    let result = import::read(HostCall::Computed, length);
    if status == DONE {
        return Ok(ArrayBuffer::new(ctx, result)?.into_value());
    }
    refusal(&ctx, status, &result)
}

/// Computes something on the host while the invocation goes on: a promise of the result.
fn compute_later<'js>(ctx: Ctx<'js>, number: u16, arguments: Rest<Value<'js>>) -> Result<Value<'js>> {
    require_invocation(&ctx, "A computation that takes long")?;
    let frame = frame(&ctx, named(&ctx, number)?, &arguments)?;
    let (_, promise) = pending::promise(&ctx, Operation::Compute, &frame, computed)?;
    Ok(promise.into_value())
}

fn computed<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    let mut reader = Reader::new(answer);
    let status = reader.u32().unwrap_or(Status::Operation as u32);
    if status == DONE {
        return Ok(ArrayBuffer::new_copy(ctx.clone(), reader.rest())?.into_value());
    }
    refusal(ctx, status, reader.rest())
}

fn refusal<'js>(ctx: &Ctx<'js>, status: u32, why: &[u8]) -> Result<Value<'js>> {
    let refusal = Array::new(ctx.clone())?;
    refusal.set(0, status)?;
    refusal.set(1, String::from_utf8_lossy(why).as_ref())?;
    Ok(refusal.into_value())
}

fn named(ctx: &Ctx<'_>, number: u16) -> Result<Computation> {
    Computation::from_number(number)
        .ok_or_else(|| Exception::throw_internal(ctx, "there is no such computation"))
}

/// What the host keeps between calls would not be there when the image is run.
fn opens(computation: Computation) -> bool {
    use Computation::{CompressorOpen, DecoderOpen, DecompressorOpen, HashOpen, HmacOpen};
    matches!(computation, CompressorOpen | DecoderOpen | DecompressorOpen | HashOpen | HmacOpen)
}

fn frame(ctx: &Ctx<'_>, computation: Computation, arguments: &[Value<'_>]) -> Result<Vec<u8>> {
    let mut writer = Writer::with_capacity(capacity(arguments));
    writer.u16(computation as u16);
    for (index, field) in computation.fields().bytes().enumerate() {
        let Some(argument) = arguments.get(index) else {
            return Err(Exception::throw_internal(ctx, "a computation lacks an argument"));
        };
        write(ctx, &mut writer, field, argument)?;
    }
    Ok(writer.finish())
}

/// About how long the frame will be. An array's own `len` would ask JavaScript, where anybody may answer.
fn capacity(arguments: &[Value<'_>]) -> usize {
    let length = |argument: &Value<'_>| {
        let bytes = TypedArray::<u8>::from_value(argument.clone());
        bytes.map_or(64, |bytes| bytes.as_bytes().map_or(0, <[u8]>::len))
    };
    16 + 8 * arguments.len() + arguments.iter().map(length).sum::<usize>()
}

fn write(ctx: &Ctx<'_>, writer: &mut Writer, field: u8, argument: &Value<'_>) -> Result<()> {
    match field {
        b'b' => writer.u8(argument.get()?),
        b'w' => writer.u32(argument.get()?),
        b't' => writer.text(&text::text(&argument.get::<JsString<'_>>()?)?),
        b'l' => {
            let items: Array<'_> = argument.get()?;
            writer.u32(items.len() as u32);
            for item in items.iter::<TypedArray<'_, u8>>() {
                writer.bytes(item?.as_bytes().unwrap_or_default());
            }
        }
        _ => {
            let bytes: TypedArray<'_, u8> = argument.get()?;
            let bytes =
                bytes.as_bytes().ok_or_else(|| Exception::throw_type(ctx, "the buffer is detached"))?;
            if field == b'y' { writer.bytes(bytes) } else { writer.rest(bytes) }
        }
    }
    Ok(())
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    let computations = Object::new(ctx.clone())?;
    for (name, computation) in Computation::ALL {
        computations.set(*name, *computation as u16)?;
    }
    host.set("computations", computations)?;
    host.set("compute", Function::new(ctx.clone(), compute)?)?;
    host.set("computeLater", Function::new(ctx.clone(), compute_later)?)
}
