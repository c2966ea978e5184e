//! SQL statements and their parameters, written into frames; answers are JSON.

use javy_plugin_api::javy::quickjs::{
    Array, ArrayBuffer, Coerced, Ctx, Exception, Function, Object, Promise, Result, String as JsString, Type,
    Value,
};
use mayfly_abi::frame::Writer;
use mayfly_abi::op::Operation;
use mayfly_abi::operation::{Begin, Query};
use mayfly_abi::value::{MAX_DEPTH, Value as Parameter};

use super::require_invocation;
use crate::{pending, text};

fn query<'js>(
    ctx: Ctx<'js>,
    transaction: u32,
    sql: JsString<'js>,
    params: Array<'js>,
    bigint_as_text: bool,
) -> Result<Promise<'js>> {
    require_invocation(&ctx, "ctx.db")?;
    let sql = text::text(&sql)?;
    let mut writer = Writer::with_capacity(64 + sql.len());
    Query::begin(&mut writer, transaction, bigint_as_text, &sql, params.len() as u32);
    for index in 0..params.len() {
        parameter(&ctx, params.get(index)?, 0)?.write(&mut writer);
    }
    Ok(pending::promise(&ctx, Operation::DbQuery, &writer.finish(), json)?.1)
}

fn parameter<'js>(ctx: &Ctx<'js>, value: Value<'js>, depth: u8) -> Result<Parameter> {
    Ok(match value.type_of() {
        Type::Undefined | Type::Null => Parameter::Null,
        Type::Bool => Parameter::Bool(value.as_bool().unwrap_or_default()),
        Type::Int | Type::Float => Parameter::Number(value.as_number().unwrap_or(f64::NAN)),
        Type::BigInt => Parameter::Bigint(value.get::<Coerced<String>>()?.0),
        Type::String => Parameter::Text(text::text(&value.get()?)?),
        Type::Array if depth < MAX_DEPTH => {
            let array: Array<'_> = value.get()?;
            let items = (0..array.len()).map(|index| parameter(ctx, array.get(index)?, depth + 1));
            Parameter::Array(items.collect::<Result<_>>()?)
        }
        Type::Array => return Err(Exception::throw_type(ctx, "A parameter's arrays are nested too deep")),
        Type::Symbol | Type::Function | Type::Constructor => {
            return Err(Exception::throw_type(ctx, &format!("A {} is no SQL parameter", value.type_name())));
        }
        _ => object(ctx, value)?,
    })
}

fn object<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Parameter> {
    if let Some(bytes) = bytes_of(&value) {
        return Ok(Parameter::Bytes(bytes));
    }
    if is_date(&value) {
        return Ok(Parameter::Date(value.get::<Coerced<f64>>()?.0));
    }
    match ctx.json_stringify(value)? {
        Some(json) => Ok(Parameter::Json(text::text(&json)?)),
        None => Err(Exception::throw_type(ctx, "This object is no SQL parameter: it has no JSON")),
    }
}

#[allow(unsafe_code, reason = "the safe layer has no test for a Date")]
fn is_date(value: &Value<'_>) -> bool {
    // SAFETY: the value is alive.
    unsafe { javy_plugin_api::javy::quickjs::qjs::JS_IsDate(value.as_raw()) }
}

/// The bytes of an `ArrayBuffer` or of a view that is a `Uint8Array`.
pub(super) fn bytes_of(value: &Value<'_>) -> Option<Vec<u8>> {
    let object = value.as_object()?;
    if let Some(array) = object.as_typed_array::<u8>() {
        return array.as_bytes().map(<[u8]>::to_vec);
    }
    ArrayBuffer::from_object(object.clone())?.as_bytes().map(<[u8]>::to_vec)
}

fn json<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    ctx.json_parse(answer)
}

fn number<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    let number = answer.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    Ok(Value::new_number(ctx.clone(), f64::from(number)))
}

/// For operations whose answer says nothing but that they went well.
pub(super) fn nothing<'js>(ctx: &Ctx<'js>, _answer: &[u8]) -> Result<Value<'js>> {
    Ok(Value::new_undefined(ctx.clone()))
}

fn begin(ctx: Ctx<'_>, isolation: u8, read_only: bool) -> Result<Promise<'_>> {
    require_invocation(&ctx, "ctx.db")?;
    let frame = Begin { isolation, read_only }.to_frame();
    Ok(pending::promise(&ctx, Operation::DbBegin, &frame, number)?.1)
}

fn commit(ctx: Ctx<'_>, transaction: u32) -> Result<Promise<'_>> {
    Ok(pending::promise(&ctx, Operation::DbCommit, &transaction.to_le_bytes(), nothing)?.1)
}

fn rollback(ctx: Ctx<'_>, transaction: u32) -> Result<Promise<'_>> {
    Ok(pending::promise(&ctx, Operation::DbRollback, &transaction.to_le_bytes(), nothing)?.1)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("dbQuery", Function::new(ctx.clone(), query)?)?;
    host.set("dbBegin", Function::new(ctx.clone(), begin)?)?;
    host.set("dbCommit", Function::new(ctx.clone(), commit)?)?;
    host.set("dbRollback", Function::new(ctx.clone(), rollback)?)
}
