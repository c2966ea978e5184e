//! Code that replaces the language's own functions and the platform's: the prelude goes on as if nothing had happened, and
//! tells the replacements nothing.

use crate::recorder::recorded_module;
use crate::support::{bytes, call, image, invoke, post, text};

/// Replaces nearly everything that there is by functions that note that they were called, and then do nothing.
const SABOTAGE: &str = r"
const calls = [];
const record = calls.push.bind(calls);
let armed = false;
function sabotage() {
    const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
    const { toPrimitive, species, iterator } = Symbol;
    const spy = (name) => function () { if (armed) record(name) };
    const trap = (object, key, name) => {
        const label = `${name}.${typeof key === 'symbol' ? 'symbol' : key}`;
        defineProperty(object, key, { __proto__: null, get: spy(`get ${label}`), set: spy(`set ${label}`), configurable: true });
    };
    const spoil = (object, name) => {
        const keys = ownKeys(object);
        for (let i = 0; i < keys.length; i++) {
            const key = keys[i];
            if (key === 'constructor' || key === toPrimitive) continue;
            const descriptor = getOwnPropertyDescriptor(object, key);
            if (!descriptor.configurable) continue;
            const label = `${name}.${typeof key === 'symbol' ? 'symbol' : key}`;
            if (typeof descriptor.value === 'function') defineProperty(object, key, { __proto__: null, value: spy(label), configurable: true });
            else if (descriptor.get) trap(object, key, name);
        }
    };
    const ArrayIterator = getPrototypeOf([][iterator]());
    const objects = [
        getPrototypeOf(Uint8Array), Array, ArrayBuffer, Boolean, DataView, Date, Error, Map, Number, Promise, RegExp, Set, String, Symbol, WeakMap, WeakSet,
        AbortController, AbortSignal, Blob, DOMException, Event, EventTarget, FormData, Headers, ReadableStream, Request, Response, TransformStream, URL,
        URLSearchParams, WritableStream,
    ];
    const others = [
        JSON, Math, Reflect, Object, ArrayIterator, getPrototypeOf(ArrayIterator), getPrototypeOf(new Map().entries()), getPrototypeOf(new Set().values()),
        Function.prototype,
    ];
    const properties = [
        'status', 'headers', 'body', 'value', 'done', 'get', 'set', 'enumerable', 'writable', 'configurable', 'once', 'signal', 'source', 'type', 'next',
        'return', 'chunk', 'close', 'error', 'code', 'cause', 'then', 'start', 'pull', 'cancel', 'size', 'highWaterMark', 'kind', 'toJSON',
    ];
    const gone = ['JSON', 'Array', 'Object', 'Map', 'Set', 'Uint8Array', 'Response', 'Request', 'Headers', 'Error', 'TypeError', 'Symbol', 'Promise', 'String', 'RegExp'];
    trap(ArrayBuffer.prototype, 'constructor', 'ArrayBuffer.prototype');
    trap(Promise, species, 'Promise');
    for (let i = 0; i < objects.length; i++) {
        spoil(objects[i].prototype, `${objects[i].name}.prototype`);
        spoil(objects[i], `${objects[i].name}`);
    }
    for (let i = 0; i < 3; i++) trap(objects[1].prototype, `${i}`, 'Array.prototype');
    const { prototype } = Object;
    for (let i = 0; i < others.length; i++) spoil(others[i], `other ${i}`);
    for (let i = 0; i < properties.length; i++) trap(prototype, properties[i], 'Object.prototype');
    for (let i = 0; i < gone.length; i++) defineProperty(globalThis, gone[i], { __proto__: null, value: undefined, configurable: true, writable: true });
    return { __proto__: null, arm() { armed = true }, disarm() { armed = false }, calls };
}
";

fn sabotaged(handler: &str) -> String {
    format!("{SABOTAGE}\n{handler}")
}

#[test]
fn a_response_leaves_whatever_was_replaced() {
    let code = sabotaged(
        "const Reply = Response; const traps = sabotage();
        export function handler(req) {
            traps.arm();
            const reply = new Reply('fine', { __proto__: null, status: 201, headers: { __proto__: null, 'x-a': 'b' }, statusText: '' });
            traps.disarm();
            return traps.calls.length === 0 ? reply : new Reply(traps.calls[0]);
        }",
    );
    let (response, _) = invoke(&image(&code), call());
    let response = response.unwrap();
    assert_eq!((response.status, bytes(&response).to_vec()), (201, b"fine".to_vec()));
}

#[test]
fn a_request_is_read_whatever_was_replaced() {
    let code = sabotaged(
        "const Reply = Response; const read = Request.prototype.text; const { apply } = Reflect;
        const url = Reflect.getOwnPropertyDescriptor(Request.prototype, 'url').get;
        const traps = sabotage();
        export async function handler(req) {
            traps.arm();
            const body = await apply(read, req, []);
            const where = apply(url, req, []);
            traps.disarm();
            return new Reply(body + ' ' + where + ' ' + (traps.calls.length === 0 ? '' : traps.calls[0]));
        }",
    );
    let (response, _) = invoke(&image(&code), post("sent"));
    assert_eq!(text(response), "sent https://example.test/f?q=1 ");
}

#[test]
fn streams_flow_whatever_was_replaced() {
    let code = sabotaged(
        "const Reply = Response; const Stream = ReadableStream; const Transform = TransformStream;
        const { apply, getPrototypeOf, getOwnPropertyDescriptor } = Reflect;
        const { pipeThrough } = Stream.prototype;
        let found;
        new Stream({ start(c) { found = c } });
        const { enqueue, close } = getPrototypeOf(found);
        new Transform({ start(c) { found = c } });
        const transformed = getPrototypeOf(found).enqueue;
        const readable = getOwnPropertyDescriptor(Transform.prototype, 'readable').get;
        const writable = getOwnPropertyDescriptor(Transform.prototype, 'writable').get;
        const chunk = new Uint8Array([104, 105]);
        const traps = sabotage();
        export function handler(req) {
            traps.arm();
            const source = new Stream({ __proto__: null, start(c) { apply(enqueue, c, [chunk]); apply(close, c, []) } });
            const through = new Transform({ __proto__: null, transform(part, c) { apply(transformed, c, [part]) } });
            const pair = { __proto__: null, readable: apply(readable, through, []), writable: apply(writable, through, []) };
            const piped = apply(pipeThrough, source, [pair]);
            return new Reply(piped, { __proto__: null, status: traps.calls.length === 0 ? 200 : 500, statusText: traps.calls[0] });
        }",
    );
    let (response, outcome) = invoke(&image(&code), call());
    let response = response.unwrap_or_else(|fault| panic!("{fault:?} {:?}", outcome.logs));
    assert_eq!((response.status, bytes(&response).to_vec()), (200, b"hi".to_vec()));
}

#[test]
fn promises_with_another_constructor_change_nothing() {
    let code = "
        const calls = [];
        class Spy { constructor(executor) { calls.push('constructed'); executor(() => {}, () => {}) } }
        const original = Promise;
        Promise.prototype.constructor = Spy;
        Object.defineProperty(Promise, Symbol.species, { value: Spy });
        export function handler() {
            const source = new ReadableStream({ start(c) { c.enqueue(new Uint8Array([104, 105])); c.close() } });
            const piped = source.pipeThrough(new TransformStream());
            return new Response(piped, { statusText: calls.join() });
        }";
    let response = invoke(&image(code), call()).0.unwrap();
    assert_eq!(bytes(&response).to_vec(), b"hi");
}

#[test]
fn a_query_runs_whatever_was_replaced() {
    let code = sabotaged(
        "const Reply = Response; const { stringify } = JSON;
        const traps = sabotage();
        export async function handler(req, ctx) {
            traps.arm();
            const query = ctx.db.query('q', null);
            const claim = ctx.idempotency.claim('k');
            const { rows, rowCount } = await query;
            const claimed = await claim;
            traps.disarm();
            // A promise's value is asked for its `then`: that is the language's own, and the value is this function's.
            let told = null;
            for (let i = 0; i < traps.calls.length; i++) if (traps.calls[i] !== 'get Object.prototype.then') told ??= traps.calls[i];
            return new Reply(stringify([typeof rows[0].at, rowCount, claimed, told]));
        }",
    );
    let (answer, log) = recorded_module(&code);
    assert_eq!((answer.as_str(), log.len()), (r#"["object",1,true,null]"#, 2), "{log:?}");
}
