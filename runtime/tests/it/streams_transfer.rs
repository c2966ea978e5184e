//! Streams in a transfer list.

use crate::support::eval;

fn check(cases: &[(&str, &str)]) {
    for (expression, value) in cases {
        assert_eq!(eval(expression), *value, "{expression}");
    }
}

#[test]
fn a_readable_stream_goes_on_at_its_new_owner() {
    check(&[
        (
            "(async () => { const old = ReadableStream.from([{ a: 1 }, 'b']); const stream = structuredClone(old, { transfer: [old] }); \
             const seen = [old.locked]; for await (const chunk of stream) seen.push(chunk); return [...seen, stream instanceof ReadableStream] })()",
            r#"[true,{"a":1},"b",true]"#,
        ),
        (
            "(async () => { let why; const old = new ReadableStream({ cancel(reason) { why = reason } }); \
             const stream = structuredClone(old, { transfer: [old] }); await stream.cancel('enough'); await new Promise(r => setTimeout(r)); return why })()",
            r#""enough""#,
        ),
        (
            "(async () => { const old = new ReadableStream({ start(c) { c.error(new RangeError('x')) } }); \
             const stream = structuredClone(old, { transfer: [old] }); return stream.getReader().read().catch((e) => [e.name, e.message]) })()",
            r#"["RangeError","x"]"#,
        ),
        (
            "(async () => { const old = ReadableStream.from([() => 1]); const stream = structuredClone(old, { transfer: [old] }); \
             return stream.getReader().read().catch((e) => e.name) })()",
            r#""DataCloneError""#,
        ),
        (
            "(async () => { let pulled = 0; const old = new ReadableStream({ pull(c) { pulled += 1; c.enqueue(pulled) } }, { highWaterMark: 0 }); \
             const stream = structuredClone(old, { transfer: [old] }); const reader = stream.getReader(); await reader.read(); \
             await new Promise(r => setTimeout(r)); return pulled <= 2 })()",
            "true",
        ),
    ]);
}

#[test]
fn a_writable_stream_and_a_transform_do_too() {
    check(&[
        (
            "(async () => { const seen = []; const old = new WritableStream({ write(c) { seen.push(c) }, close() { seen.push('closed') } }); \
             const stream = structuredClone({ deep: old }, { transfer: [old] }).deep; seen.push(old.locked); const writer = stream.getWriter(); \
             await writer.write({ a: 1 }); writer.write(2); await writer.close(); await new Promise(r => setTimeout(r)); return seen })()",
            r#"[true,{"a":1},2,"closed"]"#,
        ),
        (
            "(async () => { let why; const old = new WritableStream({ abort(reason) { why = reason } }); \
             const stream = structuredClone(old, { transfer: [old] }); await stream.abort('enough'); await new Promise(r => setTimeout(r)); return why })()",
            r#""enough""#,
        ),
        (
            "(async () => { const old = new TransformStream({ transform(c, out) { out.enqueue(c.toUpperCase()) } }); \
             const { port1, port2 } = new MessageChannel(); port1.postMessage(old, [old]); const locked = old.readable.locked && old.writable.locked; \
             const stream = await new Promise((resolve) => { port2.onmessage = ({ data }) => resolve(data) }); port1.close(); \
             const writer = stream.writable.getWriter(); writer.write('a'); writer.close(); const reader = stream.readable.getReader(); \
             return [stream instanceof TransformStream, locked, await reader.read(), await reader.read()] })()",
            r#"[true,true,{"value":"A","done":false},{"done":true}]"#,
        ),
    ]);
}

#[test]
fn what_is_locked_or_not_in_the_list_stays() {
    check(&[(
        "[() => { const s = new ReadableStream(); s.getReader(); return structuredClone(s, { transfer: [s] }) }, \
          () => { const s = new WritableStream(); s.getWriter(); return structuredClone(s, { transfer: [s] }) }, \
          () => { const s = new TransformStream(); s.readable.getReader(); return structuredClone(s, { transfer: [s] }) }, \
          () => structuredClone(new ReadableStream())].map((f) => { try { f(); return 'none' } catch (e) { return e.name } })",
        r#"["DataCloneError","DataCloneError","DataCloneError","DataCloneError"]"#,
    )]);
}
