//! Streams, through bodies and on their own.

use std::time::Duration;

use mayfly_runtime::{Call, Fault, Limits};

use crate::support::{bytes, call, eval, image, invoke, post, run, text};

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
    assert_eq!(bytes(&response).to_vec(), b"ABC");
}

#[test]
fn a_response_whose_stream_fails_fails_the_invocation() {
    let failed = |stream: &str| {
        let (response, outcome) = run(&format!("export const handler = () => new Response({stream})"));
        (response, format!("{:?}", outcome.fault))
    };
    // Before the first piece it is an error in the response's stead; afterwards the body breaks off.
    let (response, fault) = failed("new ReadableStream({ pull() { throw new Error('no more') } })");
    assert!(response.is_err() && fault.contains("no more"), "{fault}");
    let (response, fault) = failed("ReadableStream.from(['a string'])");
    assert!(response.is_err() && fault.contains("Uint8Array"), "{fault}");
    let (response, fault) = failed(
        "ReadableStream.from((function* () { yield new Uint8Array(1); throw new Error('no more') })())",
    );
    assert!(String::from_utf8_lossy(bytes(&response.unwrap())).contains("broke off"));
    assert!(fault.contains("no more"), "{fault}");
}

#[test]
fn until_the_head_has_left_the_limits_are_the_handlers() {
    let limits = Limits { timeout: Duration::from_millis(20), ..Limits::default() };
    let code = "export default () => new Response(new ReadableStream({ pull() { for (;;) {} } }))";
    let (response, _) = invoke(&image(code), Call { limits, ..call() });
    assert!(matches!(response, Err(Fault::TimedOut { .. })), "{response:?}");
}

#[test]
fn streams_cost_a_function_nothing_that_does_not_use_them() {
    for (code, fuel) in [
        ("async (req, ctx) => Response.json({ hello: 'world' })", 20_000),
        ("() => new Response('hello')", 21_000),
        ("async (req) => Response.json({ hello: new URL(req.url).searchParams.get('q') })", 50_000),
        ("(req) => new Response(req.headers.get('x-test'), { headers: { 'x-a': 'b' } })", 80_000),
    ] {
        let (response, outcome) = invoke(&image(&format!("export default {code}")), call());
        assert!(!text(response).is_empty());
        assert!(outcome.usage.fuel < fuel, "{code}: {} fuel", outcome.usage.fuel);
    }
}
