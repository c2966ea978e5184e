//! Promises and the order of their jobs, as V8 has them: the engine makes fewer objects for them than the standard tells of.

use crate::support::{eval, post, text};
use crate::support::{image, invoke};

#[test]
fn promises_settle_as_the_standard_says() {
    // What Node 20 answers.
    let cases = [
        // Turns of await and then come in the order of the jobs.
        (
            r##"(async () => { const l = []; const turn = async (n, v) => { for (let i = 0; i < 3; i++) { await v; l.push(n + i) } };
  const chain = Promise.resolve().then(() => l.push('t0')).then(() => l.push('t1')).then(() => l.push('t2'));
  await Promise.all([turn('a', 0), turn('b', Promise.resolve()), turn('c', { then: (f) => f() }), chain]); return l.join() })()"##,
            r##""t0,a0,b0,t1,a1,b1,c0,t2,a2,b2,c1,c2""##,
        ),
        // Rejections reach all who wait.
        (
            r##"(async () => { const l = []; const p = Promise.reject(1); const r = async () => { try { await p } catch (e) { l.push('caught', e) } };
  const q = p.catch((e) => l.push('q', e)); await Promise.all([r(), q, r()]); return l.join() })()"##,
            r##""q,1,caught,1,caught,1""##,
        ),
        // Promises that resolve to promises.
        (
            r##"(async () => { const l = []; let resolve; const p = new Promise((f) => { resolve = f });
  const wait = async (n) => { l.push(n, await p) }; const all = Promise.all([wait('a'), p.then((v) => l.push('t', v)), wait('b')]);
  resolve(Promise.resolve(7)); l.push('sync'); await all; return l.join() })()"##,
            r##""sync,a,7,t,7,b,7""##,
        ),
        // Then of Object.prototype is asked for.
        (
            r##"(async () => { const l = []; Object.defineProperty(Object.prototype, 'then', { configurable: true, get() { l.push('then'); return undefined } });
  try { await {}; await 1; await Promise.resolve(2); await Promise.resolve({}); await Promise.resolve().then(() => ({})); await (async () => [])() }
  finally { delete Object.prototype.then } return l.length })()"##,
            r##"4"##,
        ),
        // Subclasses.
        (
            r##"(async () => { class P extends Promise {} const p = P.resolve(1); const q = p.then((v) => v + 1);
  return [p instanceof P, q instanceof P, await q, await P.all([p, q]), Promise.resolve(p) === p, P.resolve(p) === p].join() })()"##,
            r##""true,true,2,1,2,false,true""##,
        ),
        // Species.
        (
            r##"(async () => { const p = Promise.resolve(1); p.constructor = { [Symbol.species]: function (run) { this.got = []; run((v) => this.got.push(v), () => {}) } };
  const q = p.then((v) => v + 1); await 0; await 0; return [q instanceof Promise, q.got.join(), await p].join() })()"##,
            r##""false,2,1""##,
        ),
        // A constructor that throws.
        (
            r##"(async () => { const p = Promise.resolve(1); Object.defineProperty(p, 'constructor', { get() { throw new RangeError('c') } });
  try { await p; return 'no' } catch (e) { return e.name } })()"##,
            r##""RangeError""##,
        ),
        // A then that was replaced.
        (
            r##"(async () => { await 0; await 0; const own = Promise.prototype.then; const l = []; Promise.prototype.then = function (a, b) { l.push('then'); return own.call(this, a, b) };
  try { await Promise.resolve(1); await (async () => Promise.resolve(2))(); await Promise.resolve(3).finally(() => 4) }
  finally { Promise.prototype.then = own } return l.length })()"##,
            r##"4"##,
        ),
        // Cycles.
        (
            r##"(async () => { const p = new Promise(() => {}); let r; const self = new Promise((f) => { r = f }); r(self);
  const then = Promise.resolve(1).then(() => chained); const chained = then; return [await self.catch((e) => e.name), await then.catch((e) => e.name)].join() })()"##,
            r##""TypeError,TypeError""##,
        ),
        // Async generators.
        (
            r##"(async () => { async function* g() { try { yield 1; yield Promise.resolve(2); yield Promise.reject(3) } catch (e) { yield 'c' + e } finally { await 0 } }
  const l = []; try { for await (const v of g()) l.push(v) } catch (e) { l.push('e' + e) } return l.join() })()"##,
            r##""1,2,c3""##,
        ),
        // Errors.
        (
            r##"(async () => { const l = []; const boom = async () => { await 0; throw new TypeError('x') };
  const rs = await Promise.allSettled([boom(), Promise.resolve(1).then(boom), Promise.reject(2).finally(() => l.push('f'))]);
  return [...rs.map((r) => r.reason.name ?? r.reason), ...l].join() })()"##,
            r##""TypeError,TypeError,2,f""##,
        ),
        // Thenables of many minds.
        (
            r##"(async () => { const t = { then(f, r) { f(1); r(2); f(3); throw 4 } }; return [await t, await Promise.resolve(t), await Promise.resolve().then(() => t)].join() })()"##,
            r##""1,1,1""##,
        ),
        // Length and name of functions.
        (
            r##"(async () => { const d = Object.getOwnPropertyDescriptors; const names = (f) => Object.keys(d(f)).map((k) => k + ':' + String(d(f)[k].value?.length ?? d(f)[k].value)).join(' ');
  return [names(() => 1), names(async (a, b) => 1), names(class { static length = 9 }), names(class A { static name = 'B' }), names(function* x(a, b = 1) {}), names((() => 1).bind(null))].join(' | ') })()"##,
            r##""length:0 name:0 | length:2 name:0 | length:9 name:0 prototype:[object Object] | length:0 name:1 prototype:[object Object] | length:1 name:1 prototype:[object Generator] | length:0 name:6""##,
        ),
    ];
    for (expression, value) in cases {
        assert_eq!(eval(expression), value, "{expression}");
    }
}

#[test]
fn async_context_is_that_of_the_await() {
    // What Node 20 answers.
    let source = "import { AsyncLocalStorage } from 'node:async_hooks';
        const store = new AsyncLocalStorage();
        export async function handler() {
          const seen = [];
          const look = async (name, value) => { await value; seen.push(name + store.getStore()); await 0; seen.push(name + store.getStore()) };
          let release; const held = new Promise((resolve) => { release = resolve });
          const all = [store.run(1, () => look('a', 0)), store.run(2, () => look('b', held)), store.run(3, () => held.then(() => seen.push('t' + store.getStore())))];
          store.run(4, () => release()); await Promise.all(all); seen.push('end' + store.getStore());
          return new Response(seen.join());
        }";
    assert_eq!(text(invoke(&image(source), post("x")).0), "a1,b2,t3,a1,b2,endundefined");
}
