//! Pending host operations, and the promises and callbacks that wait for them.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use javy_plugin_api::javy::quickjs::object::Property;
use javy_plugin_api::javy::quickjs::{Ctx, Exception, Function, Persistent, Promise, Result, Value};
use mayfly_abi::op::{HostCall, Operation};
use mayfly_abi::operation::{ANSWER_OK, OperationError};

use crate::async_frames::bound;
use crate::{await_stack, import, settlement};

/// Makes the value that a promise resolves to out of an answer's bytes.
pub(crate) type Decode = for<'js> fn(&Ctx<'js>, &[u8]) -> Result<Value<'js>>;

/// The member of an answer that says that JSON has no word for some of its values.
const UNFINISHED: &str = "revive";

enum Waiting {
    Promise {
        promise: Persistent<Promise<'static>>,
        decode: Decode,
        finish: Option<Persistent<Function<'static>>>,
    },
    Callback(Persistent<Function<'static>>),
    /// Called with the value, or with `undefined` and the error. Unlike a promise's, no `then` of the value is looked up.
    Answer {
        callback: Persistent<Function<'static>>,
        decode: Decode,
    },
}

thread_local! {
    static TASKS: RefCell<VecDeque<Persistent<Function<'static>>>> = const { RefCell::new(VecDeque::new()) };
    static WAITING: RefCell<BTreeMap<u32, Waiting>> = const { RefCell::new(BTreeMap::new()) };
}

fn remember(operation: u32, waiting: Waiting) {
    WAITING.with_borrow_mut(|all| all.insert(operation, waiting));
}

fn begin(ctx: &Ctx<'_>, op: Operation, frame: &[u8]) -> Result<u32> {
    import::begin(op, frame).ok_or_else(|| {
        let error =
            Exception::from_message(ctx.clone(), "This invocation has reached its limit of host operations");
        match error {
            Ok(error) => {
                let object = error.into_object();
                let _ = object.set("code", "TOO_MANY_SUBREQUESTS");
                ctx.throw(object.into_value())
            }
            Err(error) => error,
        }
    })
}

/// Begins an operation and returns its number with the promise of its answer.
pub(crate) fn promise<'js>(
    ctx: &Ctx<'js>,
    op: Operation,
    frame: &[u8],
    decode: Decode,
) -> Result<(u32, Promise<'js>)> {
    promise_with(ctx, op, frame, decode, None)
}

/// As [`promise`]; what is decoded and has a member [`UNFINISHED`] goes through `finish`.
pub(crate) fn promise_with<'js>(
    ctx: &Ctx<'js>,
    op: Operation,
    frame: &[u8],
    decode: Decode,
    finish: Option<Function<'js>>,
) -> Result<(u32, Promise<'js>)> {
    let promise = settlement::pending(ctx)?;
    let operation = begin(ctx, op, frame)?;
    let finish = finish.map(|finish| Persistent::save(ctx, finish));
    let waiting = Persistent::save(ctx, promise.clone());
    remember(operation, Waiting::Promise { promise: waiting, decode, finish });
    Ok((operation, promise))
}

/// Begins an operation that ends in a call of `callback`.
pub(crate) fn callback<'js>(
    ctx: &Ctx<'js>,
    op: Operation,
    frame: &[u8],
    callback: Function<'js>,
) -> Result<u32> {
    let operation = begin(ctx, op, frame)?;
    remember(operation, Waiting::Callback(Persistent::save(ctx, bound(ctx, callback))));
    Ok(operation)
}

/// Queues `task`: it is called before any answer of the host is handled.
pub(crate) fn queue<'js>(ctx: &Ctx<'js>, task: Function<'js>) {
    let task = Persistent::save(ctx, task);
    TASKS.with_borrow_mut(|tasks| tasks.push_back(task));
}

/// Begins an operation that ends in a call of `callback` with its answer, or with `undefined` and its error. Its number.
pub(crate) fn answer<'js>(
    ctx: &Ctx<'js>,
    op: Operation,
    frame: &[u8],
    decode: Decode,
    callback: Function<'js>,
) -> Result<u32> {
    let operation = begin(ctx, op, frame)?;
    remember(operation, Waiting::Answer { callback: Persistent::save(ctx, bound(ctx, callback)), decode });
    Ok(operation)
}

/// The promise that an operation's answer will settle, or the function that it will call.
pub(crate) fn awaited<'js>(ctx: &Ctx<'js>, operation: u32) -> Option<Value<'js>> {
    WAITING.with_borrow(|all| match all.get(&operation)? {
        Waiting::Promise { promise, .. } => promise.clone().restore(ctx).ok().map(Promise::into_value),
        Waiting::Callback(callback) | Waiting::Answer { callback, .. } => {
            callback.clone().restore(ctx).ok().map(Function::into_value)
        }
    })
}

/// Cancels an operation, here and on the host.
pub(crate) fn cancel(operation: u32) {
    if WAITING.with_borrow_mut(|all| all.remove(&operation)).is_some() {
        import::send_number(HostCall::Cancel, operation);
    }
}

/// Waits for the next operation, and resolves its promise or calls its callback; `false` when nothing is pending.
pub(crate) fn resolve_next(ctx: &Ctx<'_>) -> Result<bool> {
    if let Some(task) = TASKS.with_borrow_mut(VecDeque::pop_front) {
        task.restore(ctx)?.call::<_, ()>(())?;
        return Ok(true);
    }
    let Some((operation, length)) = import::wait() else {
        return Ok(false);
    };
    let answer = import::read(HostCall::Answer, length);
    match WAITING.with_borrow_mut(|all| all.remove(&operation)) {
        Some(Waiting::Promise { promise, decode, finish }) => {
            let finish = finish.map(|finish| finish.restore(ctx)).transpose()?;
            settle(ctx, &promise.restore(ctx)?, |answer| finished(decode(ctx, answer)?, finish), &answer)?
        }
        Some(Waiting::Callback(callback)) => callback.restore(ctx)?.call::<_, ()>(())?,
        Some(Waiting::Answer { callback, decode }) => answer_with(ctx, callback, decode, &answer)?,
        None => {}
    }
    Ok(true)
}

fn answer_with(
    ctx: &Ctx<'_>,
    callback: Persistent<Function<'static>>,
    decode: Decode,
    answer: &[u8],
) -> Result<()> {
    let callback = callback.restore(ctx)?;
    let (status, body) = answer.split_first().unwrap_or((&ANSWER_OK, &[]));
    if *status == ANSWER_OK {
        callback.call((decode(ctx, body)?,))
    } else {
        let error = operation_error(ctx, body, callback.as_value())?;
        callback.call(((), error))
    }
}

fn finished<'js>(value: Value<'js>, finish: Option<Function<'js>>) -> Result<Value<'js>> {
    match finish {
        Some(finish)
            if value.as_object().is_some_and(|object| object.contains_key(UNFINISHED).unwrap_or(true)) =>
        {
            finish.call((value,))
        }
        _ => Ok(value),
    }
}

fn settle<'js>(
    ctx: &Ctx<'js>,
    promise: &Promise<'js>,
    decode: impl FnOnce(&[u8]) -> Result<Value<'js>>,
    answer: &[u8],
) -> Result<()> {
    let (status, body) = answer.split_first().unwrap_or((&ANSWER_OK, &[]));
    let settled = if *status == ANSWER_OK {
        decode(body).map_err(|_| ctx.catch())
    } else {
        Err(operation_error(ctx, body, promise.as_value())?)
    };
    settlement::settle(promise, settled);
    Ok(())
}

/// The error of an operation, with the functions that await it as its stack: nothing runs that could be on one.
fn operation_error<'js>(ctx: &Ctx<'js>, body: &[u8], told: &Value<'js>) -> Result<Value<'js>> {
    let error = OperationError::read(body).unwrap_or_else(|_| OperationError {
        code: "INTERNAL_ERROR".into(),
        message: "The host's answer could not be read".into(),
        fields: Vec::new(),
    });
    let object = Exception::from_message(ctx.clone(), &error.message)?.into_object();
    let stack = await_stack::text(ctx, told);
    if !stack.is_empty() {
        object.prop("stack", Property::from(stack).writable().configurable())?;
    }
    object.set("code", error.code)?;
    for (name, value) in error.fields {
        object.set(name, value)?;
    }
    Ok(object.into_value())
}
