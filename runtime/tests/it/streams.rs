//! Streams, through bodies and on their own.

use crate::support::{call, eval, image, invoke, post, run, text};

fn check(cases: &[(&str, &str)]) {
    for (expression, value) in cases {
        assert_eq!(eval(expression), *value, "{expression}");
    }
}

#[test]
fn chunks_pass_from_a_source_through_a_transform_into_a_sink() {
    let code = "export async function handler() {
        const seen = [];
        const upper = new TransformStream({
            transform(chunk, controller) { controller.enqueue(chunk.toUpperCase()) },
            flush(controller) { controller.enqueue('!') },
        });
        const sink = new WritableStream({ write(chunk) { seen.push(chunk) }, close() { seen.push('closed') } });
        await ReadableStream.from(['a', 'b']).pipeThrough(upper).pipeTo(sink);
        return Response.json(seen);
    }";
    assert_eq!(text(run(code).0), r#"["A","B","!","closed"]"#);
}

#[test]
fn a_pipe_that_is_aborted_cancels_its_source_and_aborts_its_sink() {
    let code = "export async function handler() {
        const seen = [];
        const source = new ReadableStream({ pull(c) { c.enqueue('x') }, cancel(reason) { seen.push(`canceled ${reason}`) } });
        const aborter = new AbortController();
        const sink = new WritableStream({
            write() { aborter.abort('enough') },
            abort(reason) { seen.push(`aborted ${reason}`) },
        });
        await source.pipeTo(sink, { signal: aborter.signal }).catch((reason) => seen.push(`rejected ${reason}`));
        return Response.json(seen);
    }";
    assert_eq!(text(run(code).0), r#"["aborted enough","canceled enough","rejected enough"]"#);
}

#[test]
fn a_writer_waits_for_room() {
    check(&[(
        "(async () => { const { readable, writable } = new TransformStream(); const writer = writable.getWriter(); \
         const before = writer.desiredSize; const writing = writer.write('a'); const full = writer.desiredSize; \
         const read = await readable.getReader().read(); await writing; await writer.ready; return [before, full, read.value, writer.desiredSize] })()",
        r#"[1,0,"a",1]"#,
    )]);
}

#[test]
fn bytes_are_read_into_a_buffer_of_the_readers_own() {
    check(&[
        (
            "(async () => { const s = new ReadableStream({ type: 'bytes', pull(c) { c.byobRequest.view.set([1, 2, 3]); c.byobRequest.respond(3) } }); \
             const { value, done } = await s.getReader({ mode: 'byob' }).read(new Uint8Array(8)); return [[...value], value.buffer.byteLength, done] })()",
            "[[1,2,3],8,false]",
        ),
        (
            "(async () => { const s = new ReadableStream({ type: 'bytes', start(c) { c.enqueue(new Uint8Array([1, 2, 3, 4])) } }); \
             const [a, b] = s.tee(); const x = await a.getReader().read(); const y = await b.getReader({ mode: 'byob' }).read(new Uint8Array(2)); \
             return [[...x.value], [...y.value]] })()",
            "[[1,2,3,4],[1,2]]",
        ),
    ]);
}

#[test]
fn a_loop_that_is_left_lets_go_of_the_stream() {
    check(&[(
        "(async () => { let canceled = false; const s = new ReadableStream({ pull(c) { c.enqueue(1) }, cancel() { canceled = true } }); \
         for await (const chunk of s) break; return [canceled, s.locked] })()",
        "[true,false]",
    )]);
}

#[test]
fn a_request_is_read_as_a_stream_and_a_response_written_as_one() {
    let code = "export async function handler(req) {
        const upper = new TransformStream({
            transform(chunk, controller) { controller.enqueue(chunk.map((byte) => byte - 32)) },
        });
        return new Response(req.body.pipeThrough(upper), { headers: { 'x-used': String(req.bodyUsed) } });
    }";
    let (response, _) = invoke(&image(code), post("abc"));
    let response = response.unwrap();
    assert!(response.headers.iter().any(|(name, value)| name == "x-used" && value == "true"));
    assert_eq!(response.body.unwrap().to_vec(), b"ABC");
}

#[test]
fn a_response_whose_stream_fails_fails_the_invocation() {
    let code = "export function handler() {
        return new Response(new ReadableStream({ pull() { throw new Error('no more') } }));
    }";
    let fault = run(code).0.unwrap_err();
    assert!(format!("{fault:?}").contains("no more"), "{fault:?}");
    let code = "export function handler() { return new Response(ReadableStream.from(['a string'])) }";
    let fault = run(code).0.unwrap_err();
    assert!(format!("{fault:?}").contains("Uint8Array"), "{fault:?}");
}

#[test]
fn streams_cost_a_function_nothing_that_does_not_use_them() {
    let image = image("export async function handler(req, ctx) { return Response.json({ hello: 'world' }) }");
    let (response, outcome) = invoke(&image, call());
    assert_eq!(text(response), r#"{"hello":"world"}"#);
    assert!(outcome.usage.fuel < 80_000, "{} fuel", outcome.usage.fuel);
}
