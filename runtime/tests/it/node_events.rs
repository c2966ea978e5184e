//! `node:events` and `node:async_hooks`.

use crate::node_modules::eval_with;

#[test]
fn emitters_call_their_listeners_in_order() {
    let imports = "import EventEmitter, { once, on, errorMonitor } from 'node:events';";
    let expression = "(() => { const e = new EventEmitter(); const seen = [];
        e.on('newListener', name => seen.push('new ' + String(name)));
        e.on('x', v => seen.push(['b', v])); e.prependListener('x', v => seen.push(['a', v])); e.once('x', v => seen.push(['c', v]));
        seen.push(e.emit('x', 1), e.emit('x', 2), e.emit('y'), e.listenerCount('x'), e.eventNames().length);
        e.removeAllListeners('x'); seen.push(e.listenerCount('x'));
        e.on(errorMonitor, error => seen.push('monitored ' + error.message));
        try { e.emit('error', new Error('boom')) } catch (error) { seen.push(error.message) }
        try { e.emit('error', 'text') } catch (error) { seen.push(error.code) }
        return seen })()";
    assert_eq!(
        eval_with(imports, expression),
        r#"["new x","new x","new x",["a",1],["b",1],["c",1],["a",2],["b",2],true,true,false,2,2,0,"new Symbol(events.errorMonitor)","monitored boom","boom","monitored undefined","ERR_UNHANDLED_ERROR"]"#
    );
}

#[test]
fn emitters_are_inherited_from_in_both_styles() {
    let imports = "import { EventEmitter } from 'node:events'; import { inherits } from 'node:util';";
    let expression = "(() => { function Old() { EventEmitter.call(this) } inherits(Old, EventEmitter);
        class New extends EventEmitter { constructor() { super(); this.n = 1 } }
        const mixed = Object.assign({}, EventEmitter.prototype); const seen = [];
        for (const e of [new Old(), new New(), mixed]) { e.on('a', function (v) { seen.push(this === e, v) }); e.emit('a', 3); e.off('a', () => {}) }
        return seen })()";
    assert_eq!(eval_with(imports, expression), "[true,3,true,3,true,3]");
}

#[test]
fn events_come_as_promises_and_as_an_iterator() {
    let imports = "import { EventEmitter, once, on } from 'node:events';";
    let expression = "await (async () => { const e = new EventEmitter(); setTimeout(() => { e.emit('a', 1, 2); e.emit('b', 3); e.emit('b', 4) }, 1);
        const all = on(e, 'b'); const first = await once(e, 'a'); const seen = [first];
        for await (const [v] of all) { seen.push(v); if (v === 4) break }
        setTimeout(() => e.emit('error', new Error('failed')), 1);
        seen.push(await once(e, 'c').catch(error => error.message), e.listenerCount('b'), e.listenerCount('error'));
        const aborted = await once(e, 'd', { signal: AbortSignal.abort() }).catch(error => error.name);
        const target = new EventTarget(); setTimeout(() => target.dispatchEvent(new Event('t')), 1);
        return [...seen, aborted, (await once(target, 't'))[0].type] })()";
    assert_eq!(eval_with(imports, expression), r#"[[1,2],3,4,"failed",0,0,"AbortError","t"]"#);
}

const STORAGE: &str = "import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'; const storage = new AsyncLocalStorage();";

#[test]
fn a_store_follows_promises_await_timers_and_tasks() {
    let expression = "await (async () => { const seen = []; const see = name => seen.push(name + ' ' + storage.getStore());
        const settled = Promise.resolve(); const other = new AsyncLocalStorage();
        const sleep = () => new Promise(resolve => setTimeout(resolve, 1));
        async function work(name) {
            see('sync'); await null; see('await null'); await settled; see('await'); await sleep(); see('timer');
            try { await Promise.reject(new Error()) } catch { see('catch') }
            for await (const x of (async function* () { see('generator'); yield 1; see('generator later') })()) see('for await');
            await new Promise(resolve => queueMicrotask(() => { see('microtask'); resolve() }));
            await new Promise(resolve => setImmediate(() => { see('immediate'); resolve() }));
            await settled.then(() => see('then')).finally(() => see('finally'));
            await { then(resolve) { see('thenable'); resolve() } };
            await crypto.subtle.digest('SHA-256', new Uint8Array(1)); see('host');
            see(name);
        }
        await Promise.all([storage.run('A', work, 'end'), storage.run('B', () => other.run(1, work, 'end'))]);
        const wrong = seen.filter((line, at) => !line.endsWith(' A') && !line.endsWith(' B'));
        const of = name => seen.filter(line => line.endsWith(name)).map(line => line.slice(0, -2)).join();
        return [wrong, of(' A') === of(' B'), of(' A').split(',').length, storage.getStore()] })()";
    assert_eq!(eval_with(STORAGE, expression), "[[],true,15,null]");
}

#[test]
fn a_store_ends_where_its_run_does() {
    let expression = "await (async () => { const seen = []; const see = () => seen.push(storage.getStore() ?? 'none');
        storage.run(1, () => { see(); storage.run(2, see); see(); storage.exit(see); see() }); see();
        try { storage.run(3, () => { throw new Error() }) } catch { see() }
        const bound = storage.run(4, () => AsyncLocalStorage.bind(see)); const snapshot = storage.run(5, () => AsyncLocalStorage.snapshot());
        const resource = storage.run(6, () => new AsyncResource('R')); bound(); snapshot(see); resource.runInAsyncScope(see); see();
        await (async () => { storage.enterWith(7); await null; see() })(); 
        storage.enterWith(8); await null; see(); storage.disable(); see(); storage.run(9, see); return seen })()";
    assert_eq!(eval_with(STORAGE, expression), r#"[1,2,1,"none",1,"none","none",4,5,6,"none",7,8,"none",9]"#);
}

#[test]
fn a_handler_that_is_called_again_knows_no_store_of_before() {
    let code = format!(
        "{STORAGE} storage.enterWith('at deploy'); export async function handler() {{ const before = storage.getStore() ?? 'none'; \
         storage.enterWith('mine'); await null; return Response.json([before, storage.getStore()]); }}"
    );
    let image = crate::support::image(&code);
    for _ in 0..2 {
        let (response, _) = crate::support::invoke(&image, crate::support::call());
        assert_eq!(crate::support::text(response), r#"["none","mine"]"#);
    }
}

#[test]
fn a_store_is_there_in_what_the_platform_calls_later() {
    let (answer, log) = crate::recorder::recorded(
        "const { AsyncLocalStorage } = await import('node:async_hooks'); const storage = new AsyncLocalStorage();
         const seen = await storage.run('mine', () => ctx.db.tx(async tx => {
             const first = storage.getStore(); await tx.query('a'); return [first, storage.getStore()] }));
         const streamed = await storage.run('other', async () => {
             const stores = []; const stream = new ReadableStream({ async pull(c) {
                 await null; stores.push(storage.getStore()); c.enqueue(new Uint8Array(1)); c.close() } }, { highWaterMark: 0 });
             await new Response(stream).bytes(); return stores });
         return Response.json([seen, streamed, storage.getStore() ?? 'none'])",
    );
    assert_eq!(answer, r#"[["mine","mine"],["other"],"none"]"#);
    assert_eq!(log[1..], ["a []", "commit"]);
}

#[test]
fn a_message_is_received_in_the_frame_in_which_it_was_sent() {
    let expression = "await new Promise(resolve => { const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(storage.getStore()); storage.run('sent', () => port2.postMessage(1)) })";
    assert_eq!(eval_with(STORAGE, expression), r#""sent""#);
}
