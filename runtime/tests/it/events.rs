//! Events, signals, messages and tasks, and uncaught errors.

use crate::support::{eval, run, text};

fn check(cases: &[(&str, &str)]) {
    for (expression, value) in cases {
        assert_eq!(eval(expression), *value, "{expression}");
    }
}

#[test]
fn listeners_are_called_as_they_were_added() {
    check(&[
        (
            "(() => { const log = []; const t = new EventTarget(); const aborter = new AbortController(); \
             t.addEventListener('x', () => log.push('bubble')); t.addEventListener('x', () => log.push('capture'), true); \
             t.addEventListener('x', () => log.push('once'), { once: true }); \
             t.addEventListener('x', { handleEvent(e) { log.push(e.type + (this !== t)) } }, { signal: aborter.signal }); \
             t.dispatchEvent(new Event('x')); aborter.abort(); t.dispatchEvent(new Event('x')); return log })()",
            r#"["capture","bubble","once","xtrue","capture","bubble"]"#,
        ),
        (
            "(() => { const t = new EventTarget(); t.addEventListener('x', (e) => e.preventDefault(), { passive: true }); \
             const passive = t.dispatchEvent(new Event('x', { cancelable: true })); t.addEventListener('x', (e) => e.preventDefault()); \
             return [passive, t.dispatchEvent(new Event('x', { cancelable: true })), t.dispatchEvent(new Event('x'))] })()",
            "[true,false,true]",
        ),
        (
            "(() => { const log = []; const t = new EventTarget(); t.addEventListener('x', (e) => { log.push(1); e.stopImmediatePropagation() }); \
             t.addEventListener('x', () => log.push(2)); t.dispatchEvent(new CustomEvent('x', { detail: 5 })); return log })()",
            "[1]",
        ),
    ]);
}

#[test]
fn signals_follow_signals() {
    check(&[
        (
            "(() => { const a = new AbortController(); const any = AbortSignal.any([a.signal, AbortSignal.any([new AbortController().signal])]); \
             const log = []; any.onabort = () => log.push(any.reason); a.abort('why'); return [log, any.aborted, AbortSignal.abort().reason.name] })()",
            r#"[["why"],true,"AbortError"]"#,
        ),
        (
            "(async () => { const s = AbortSignal.timeout(1); const alive = setInterval(() => {}, 1); \
             await new Promise((done) => s.addEventListener('abort', done)); clearInterval(alive); \
             try { s.throwIfAborted() } catch (e) { return [e.name, e.code, e instanceof DOMException] } })()",
            r#"["TimeoutError",23,true]"#,
        ),
    ]);
}

#[test]
fn what_a_listener_throws_is_reported_and_fails_nothing() {
    let code = "export function handler() {
        const target = new EventTarget();
        target.addEventListener('x', () => { throw new Error('in a listener') });
        target.dispatchEvent(new Event('x'));
        reportError(new TypeError('reported'));
        return new Response('fine');
    }";
    let (response, outcome) = run(code);
    assert_eq!(text(response), "fine");
    assert!(outcome.logs[0].message.contains("Uncaught Error: in a listener"), "{:?}", outcome.logs);
    assert!(outcome.logs[1].message.contains("Uncaught TypeError: reported"), "{:?}", outcome.logs);
}

#[test]
fn a_listener_for_errors_takes_them_on() {
    let code = "const seen = [];
    addEventListener('error', (event) => { seen.push(event.error.message); event.preventDefault() });
    export async function handler() {
        reportError(new Error('a'));
        setTimeout(() => { throw new Error('b') });
        await new Promise((done) => setTimeout(done, 5));
        return Response.json(seen);
    }";
    let (response, outcome) = run(code);
    assert_eq!(text(response), r#"["a","b"]"#);
    assert!(outcome.logs.is_empty(), "{:?}", outcome.logs);
}

#[test]
fn a_rejection_without_a_handler_is_printed_and_one_with_a_late_handler_is_not_lost() {
    let code = "export async function handler() {
        Promise.reject(new Error('unhandled'));
        Promise.reject(new Error('handled')).catch(() => {});
        await null;
        return new Response('fine');
    }";
    let (response, outcome) = run(code);
    assert_eq!(text(response), "fine");
    assert_eq!(outcome.logs.len(), 1, "{:?}", outcome.logs);
    assert!(outcome.logs[0].message.contains("Uncaught (in promise) Error: unhandled"), "{:?}", outcome.logs);
    let code = "const log = [];
    onunhandledrejection = (event) => { log.push(['unhandled', event.reason]); event.preventDefault() };
    addEventListener('rejectionhandled', (event) => log.push(['handled', event.reason]));
    export async function handler() {
        const promise = Promise.reject('late');
        await new Promise((done) => setTimeout(done));
        promise.catch(() => {});
        await new Promise((done) => setTimeout(done));
        return Response.json(log);
    }";
    let (response, outcome) = run(code);
    assert_eq!(text(response), r#"[["unhandled","late"],["handled","late"]]"#);
    assert!(outcome.logs.is_empty(), "{:?}", outcome.logs);
}

#[test]
fn tasks_come_after_microtasks_in_their_order() {
    let code = "export async function handler() {
        const log = [];
        const task = (name) => new Promise((done) => setImmediate(() => { log.push(name); Promise.resolve().then(() => log.push(`${name}'`)); done() }));
        const dropped = setImmediate(() => log.push('dropped'));
        clearImmediate(dropped);
        const all = [task('a'), task('b')];
        queueMicrotask(() => log.push('microtask'));
        await Promise.all(all);
        return Response.json(log);
    }";
    assert_eq!(text(run(code).0), r#"["microtask","a","a'","b","b'"]"#);
}

#[test]
fn tasks_that_make_tasks_do_not_starve_timers() {
    let code = "export async function handler() {
        let stop = false;
        let turns = 0;
        setTimeout(() => { stop = true }, 1);
        await new Promise((done) => { const turn = () => { turns += 1; stop ? done() : setImmediate(turn) }; turn() });
        return Response.json(turns > 0);
    }";
    assert_eq!(text(run(code).0), "true");
}

#[test]
fn messages_are_cloned_and_ports_change_hands() {
    let code = "export async function handler() {
        const { port1, port2 } = new MessageChannel();
        const inner = new MessageChannel();
        const buffer = new ArrayBuffer(4);
        const received = new Promise((done) => { port2.onmessage = done });
        port1.postMessage({ map: new Map([[1, new Date(5)]]), buffer, port: inner.port2 }, [buffer, inner.port2]);
        const { data, ports } = await received;
        const answer = new Promise((done) => { inner.port1.onmessage = (event) => done(event.data) });
        data.port.postMessage('through');
        const result = [data.map.get(1).getTime(), data.buffer.byteLength, buffer.byteLength, ports.length, await answer];
        port1.close();
        return Response.json(result);
    }";
    assert_eq!(text(run(code).0), r#"[5,4,0,1,"through"]"#);
}

#[test]
fn clones_are_deep_and_refuse_what_has_no_copy() {
    check(&[
        (
            "(v => { v.self = v; const c = structuredClone(v); return [c.self === c, c.e instanceof RangeError, c.e.message, c.e.cause, c.r.flags, c.s.has(2), c.v.buffer === c.w.buffer] })({ e: new RangeError('m', { cause: 1 }), r: /x/gi, s: new Set([2]), ...(b => ({ v: new Uint8Array(b), w: new DataView(b) }))(new ArrayBuffer(3)) })",
            r#"[true,true,"m",1,"gi",true,true]"#,
        ),
        (
            "[() => 1, Symbol(), new WeakMap(), Promise.resolve(), new Response(), { f() {} }].map(v => { try { structuredClone(v); return 'cloned' } catch (e) { return [e.name, e.code] } })",
            r#"[["DataCloneError",25],["DataCloneError",25],["DataCloneError",25],["DataCloneError",25],["DataCloneError",25],["DataCloneError",25]]"#,
        ),
        (
            "(b => { const c = structuredClone({ v: new Uint8Array(b, 1) }, { transfer: [b] }); return [b.byteLength, c.v.length, c.v.buffer.byteLength] })(new ArrayBuffer(4))",
            "[0,3,4]",
        ),
    ]);
}
