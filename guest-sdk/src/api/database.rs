//! SQL statements and their parameters, written into frames; answers are JSON.

use std::cell::RefCell;

use javy_plugin_api::javy::quickjs::prelude::Opt;
use javy_plugin_api::javy::quickjs::{
    Array, ArrayBuffer, Coerced, Ctx, Error, Exception, Function, Object, Persistent, Promise, Result,
    String as JsString, Type, Value,
};
use mayfly_abi::frame::Writer;
use mayfly_abi::op::Operation;
use mayfly_abi::operation::{ActorFrame, Begin, FetchRows, Query, RowsFrame};
use mayfly_abi::value::{MAX_DEPTH, Value as Parameter};

use crate::phase::require_invocation;
use crate::{budget, json, pending, settlement, text};

fn query<'js>(
    ctx: Ctx<'js>,
    transaction: u32,
    actor: Value<'js>,
    options: u8,
    sql: JsString<'js>,
    params: Array<'js>,
    finish: Function<'js>,
) -> Result<Promise<'js>> {
    let frame = statement(&ctx, transaction, &actor, options, &sql, &params)?;
    Ok(pending::promise_with(&ctx, Operation::DbQuery, &frame, json::parse, Some(finish))?.1)
}

thread_local! {
    /// The prelude's own way of sending a statement outside of transactions, and what finishes a result.
    static OWN: RefCell<Option<[Persistent<Function<'static>>; 2]>> = const { RefCell::new(None) };
}

/// `ctx.db.query`: the common call without the prelude's JavaScript, `query` for every other.
fn own_query<'js>(ctx: Ctx<'js>, query: Function<'js>, finish: Function<'js>) -> Result<Function<'js>> {
    OWN.set(Some([Persistent::save(&ctx, query), Persistent::save(&ctx, finish)]));
    let function = Function::new(ctx, query_of_own)?;
    function.set_name("query")?;
    function.set_length(3)?;
    Ok(function)
}

fn query_of_own<'js>(
    ctx: Ctx<'js>,
    sql: Opt<Value<'js>>,
    params: Opt<Value<'js>>,
    options: Opt<Value<'js>>,
) -> Result<Value<'js>> {
    let Some([query, finish]) = OWN.with_borrow(Clone::clone) else {
        return Err(Error::Unknown);
    };
    let array = params.0.as_ref().and_then(Value::as_array);
    let is_plain = array.is_some() || params.0.as_ref().is_none_or(Value::is_undefined);
    let has_options = options.0.as_ref().is_some_and(|options| !options.is_undefined());
    let text = sql.0.as_ref().and_then(Value::as_string);
    if let (Some(text), true, false) = (text, is_plain, has_options) {
        let sent = write(&ctx, 0, &ActorFrame::Own, 0, text, array).and_then(|frame| {
            let finish = finish.restore(&ctx)?;
            pending::promise_with(&ctx, Operation::DbQuery, &frame, json::parse, Some(finish))
        });
        return match sent {
            Ok((_, promise)) => Ok(promise.into_value()),
            // Nothing can be caught any more.
            Err(error) if budget::is_over() => Err(error),
            Err(_) => Ok(settlement::rejected(&ctx, ctx.catch())?.into_value()),
        };
    }
    let undefined = || Value::new_undefined(ctx.clone());
    let [sql, params, options] = [sql, params, options].map(|given| given.0.unwrap_or_else(undefined));
    query.restore(&ctx)?.call((sql, params, options))
}

fn open<'js>(
    ctx: Ctx<'js>,
    transaction: u32,
    actor: Value<'js>,
    options: u8,
    sql: JsString<'js>,
    params: Array<'js>,
) -> Result<Promise<'js>> {
    let frame = statement(&ctx, transaction, &actor, options, &sql, &params)?;
    Ok(pending::promise(&ctx, Operation::DbOpen, &frame, number)?.1)
}

fn statement<'js>(
    ctx: &Ctx<'js>,
    transaction: u32,
    actor: &Value<'js>,
    options: u8,
    sql: &JsString<'js>,
    params: &Array<'js>,
) -> Result<Vec<u8>> {
    write(ctx, transaction, &actor_of(actor)?, options, sql, Some(params))
}

fn write<'js>(
    ctx: &Ctx<'js>,
    transaction: u32,
    actor: &ActorFrame,
    options: u8,
    sql: &JsString<'js>,
    params: Option<&Array<'js>>,
) -> Result<Vec<u8>> {
    require_invocation(ctx, "ctx.db")?;
    let sql = text::text(sql)?;
    let count = params.map_or(0, Array::len);
    let mut writer = Writer::with_capacity(64 + sql.len());
    Query::begin(&mut writer, transaction, actor, options, &sql, count as u32);
    for index in 0..count {
        let Some(params) = params else { break };
        parameter(ctx, params.get(index)?, 0)?.write(&mut writer);
    }
    Ok(writer.finish())
}

/// `null` for the invocation's own identity, a string for a user, `false` for the anonymous role.
fn actor_of(value: &Value<'_>) -> Result<ActorFrame> {
    Ok(match value.type_of() {
        Type::String => ActorFrame::User(text::text(&value.get()?)?),
        Type::Bool => ActorFrame::Anon,
        _ => ActorFrame::Own,
    })
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

fn number<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    let number = answer.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    Ok(Value::new_number(ctx.clone(), f64::from(number)))
}

/// For operations whose answer says nothing but that they went well.
pub(super) fn nothing<'js>(ctx: &Ctx<'js>, _answer: &[u8]) -> Result<Value<'js>> {
    Ok(Value::new_undefined(ctx.clone()))
}

fn batch<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    let Ok(RowsFrame { is_last, json: text }) = RowsFrame::read(answer) else {
        return Err(Exception::throw_internal(ctx, "The host's answer could not be read"));
    };
    let batch = json::parse(ctx, text)?;
    if let Some(object) = batch.as_object() {
        object.set("isLast", is_last)?;
    }
    Ok(batch)
}

fn act_as<'js>(ctx: Ctx<'js>, actor: Value<'js>) -> Result<Promise<'js>> {
    require_invocation(&ctx, "ctx.db")?;
    Ok(pending::promise(&ctx, Operation::DbActAs, &actor_of(&actor)?.to_frame(), nothing)?.1)
}

fn begin<'js>(ctx: Ctx<'js>, actor: Value<'js>, isolation: u8, read_only: bool) -> Result<Promise<'js>> {
    require_invocation(&ctx, "ctx.db")?;
    let frame = Begin { actor: actor_of(&actor)?, isolation, read_only }.to_frame();
    Ok(pending::promise(&ctx, Operation::DbBegin, &frame, number)?.1)
}

fn fetch(ctx: Ctx<'_>, stream: u32, rows: u32) -> Result<Promise<'_>> {
    Ok(pending::promise(&ctx, Operation::DbFetch, &FetchRows { stream, rows }.to_frame(), batch)?.1)
}

/// Something that is said of a transaction, or of a stream, by its number alone.
fn step<'js>(ctx: &Ctx<'js>, host: &Object<'js>, name: &str, operation: Operation) -> Result<()> {
    let call = move |ctx: Ctx<'js>, number: u32| -> Result<Promise<'js>> {
        Ok(pending::promise(&ctx, operation, &number.to_le_bytes(), nothing)?.1)
    };
    host.set(name, Function::new(ctx.clone(), call)?)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("dbQuery", Function::new(ctx.clone(), query)?)?;
    host.set("dbOwnQuery", Function::new(ctx.clone(), own_query)?)?;
    host.set("dbOpen", Function::new(ctx.clone(), open)?)?;
    host.set("dbFetch", Function::new(ctx.clone(), fetch)?)?;
    host.set("dbActAs", Function::new(ctx.clone(), act_as)?)?;
    host.set("dbBegin", Function::new(ctx.clone(), begin)?)?;
    for (name, operation) in [
        ("dbClose", Operation::DbClose),
        ("dbCommit", Operation::DbCommit),
        ("dbRelease", Operation::DbRelease),
        ("dbRollback", Operation::DbRollback),
        ("dbRollbackTo", Operation::DbRollbackTo),
        ("dbSavepoint", Operation::DbSavepoint),
    ] {
        step(ctx, host, name, operation)?;
    }
    Ok(())
}
