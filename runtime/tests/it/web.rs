//! The web platform's objects, as far as they are here.

use crate::support::{eval, run, text};

fn check(cases: &[(&str, &str)]) {
    for (expression, value) in cases {
        assert_eq!(eval(expression), *value, "{expression}");
    }
}

#[test]
fn urls() {
    check(&[
        (
            "new URL('../b?x=1#h', 'https://user:p@ex.test:8080/a/c').href",
            r#""https://user:p@ex.test:8080/b?x=1#h""#,
        ),
        (
            "(u => [u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash])(new URL('http://u:p@h.test:81/p?q#f'))",
            r##"["http://h.test:81","http:","u","p","h.test:81","h.test","81","/p","?q","#f"]"##,
        ),
        ("new URL('https://münchen.test/ä').href", r#""https://xn--mnchen-3ya.test/%C3%A4""#),
        ("URL.canParse('nope')", "false"),
        (
            "(() => { try { new URL('nope') } catch (e) { return [e.name, e.code] } })()",
            r#"["TypeError","ERR_INVALID_URL"]"#,
        ),
        (
            "(u => { u.searchParams.append('b', 'é &'); u.hash = 'x'; return u.href })(new URL('https://h.test/?a=1'))",
            r##""https://h.test/?a=1&b=%C3%A9+%26#x""##,
        ),
        (
            "(u => { u.search = '?z=9'; return u.searchParams.get('z') })(new URL('https://h.test/?a=1'))",
            r#""9""#,
        ),
        ("new URLSearchParams({ b: '2', a: '1' }).toString()", r#""b=2&a=1""#),
        (
            "(p => { p.sort(); p.set('a', 'x'); p.delete('b'); return [...p, p.size] })(new URLSearchParams('b=2&a=1&a=3'))",
            r#"[["a","x"],1]"#,
        ),
    ]);
}

#[test]
fn headers() {
    check(&[
        ("[...new Headers([['B', '2'], ['a', ' 1 '], ['A', '3']])]", r#"[["a","1, 3"],["b","2"]]"#),
        (
            "(h => { h.append('set-cookie', 'a'); h.append('Set-Cookie', 'b'); return [h.getSetCookie(), h.get('set-cookie'), [...h].length] })(new Headers())",
            r#"[["a","b"],"a, b",2]"#,
        ),
        // Objects of plain strings are read in one go: whatever is not as plain must come to the same.
        (
            "[...new Headers({ 'X-B': ' 1\\t', 'x-a': '', 'X-b': '2', 7: 'n' })]",
            r#"[["7","n"],["x-a",""],["x-b","1, 2"]]"#,
        ),
        (
            "[...new Headers({ get x() { return 1 }, y: 2, z: { toString: () => 'o' }, w: null })]",
            r#"[["w","null"],["x","1"],["y","2"],["z","o"]]"#,
        ),
        (
            "[...new Headers(Object.create({ up: 'no' }, { own: { value: 'yes', enumerable: true }, hidden: { value: 'no' } }))]",
            r#"[["own","yes"]]"#,
        ),
        (
            "[...new Headers(new Proxy({ a: '1' }, { ownKeys: () => ['a', 'b'], getOwnPropertyDescriptor: (o, k) => ({ value: k, enumerable: true, configurable: true }), get: (o, k) => typeof k === 'string' ? k + k : undefined }))]",
            r#"[["a","aa"],["b","bb"]]"#,
        ),
        (
            "['é', 'a'.repeat(3) + '\u{20ac}'].map(v => { try { return new Headers({ x: v }).get('X') } catch (e) { return e.name } })",
            r#"["é","TypeError"]"#,
        ),
        (
            "(h => [h.get('a'), h.get('A'), h.get('c'), Headers.prototype.get.length, (() => { try { h.get() } catch (e) { return e.name } })(), (() => { try { Headers.prototype.get.call({}, 'a') } catch (e) { return e.name } })(), (() => { try { h.get('a b') } catch (e) { return e.name } })()])(new Headers([['a', '1'], ['a', '2']]))",
            r#"["1, 2","1, 2",null,1,"TypeError","TypeError","TypeError"]"#,
        ),
        (
            "(h => { h[Symbol.iterator] = function* () { yield ['from', 'iterator'] }; return [...new Headers(h)] })({ a: '1' })",
            r#"[["from","iterator"]]"#,
        ),
        (
            "['a b', '', 'é'].map(n => { try { new Headers({ [n]: '1' }); return 'ok' } catch (e) { return e.name } })",
            r#"["TypeError","TypeError","TypeError"]"#,
        ),
        (
            "['a\\r\\nb', 'a\\0', '€'].map(v => { try { new Headers({ x: v }); return 'ok' } catch (e) { return e.name } })",
            r#"["TypeError","TypeError","TypeError"]"#,
        ),
    ]);
}

#[test]
fn responses() {
    check(&[
        (
            "(r => [r instanceof Response, r.constructor === Response, Reflect.ownKeys(r).length, r.type, r.url, r.statusText, Response.json.name, Response.json.length])(Response.json(1))",
            r#"[true,true,0,"default","","","json",1]"#,
        ),
        (
            "(r => [r.status, r.statusText, r.headers.get('x'), r.headers.get('content-type')])(Response.json([], { status: 201, statusText: 'Made', headers: { x: 'y' } }))",
            r#"[201,"Made","y","application/json"]"#,
        ),
        (
            "Promise.all([Response.json({ a: 1 }).clone().json(), Response.json({ b: 2 }).text(), (r => (r.extra = 1, r.text()))(Response.json('x'))])",
            r#"[{"a":1},"{\"b\":2}","\"x\""]"#,
        ),
        (
            "[[], [undefined], [() => 1], [1n]].map((a) => { try { return Response.json(...a).status } catch (e) { return e.name } })",
            r#"["TypeError","TypeError","TypeError","TypeError"]"#,
        ),
        (
            "(r => [r.status, r.ok, r.headers.get('content-type'), r.bodyUsed])(Response.json({}))",
            r#"[200,true,"application/json",false]"#,
        ),
        (
            "(r => [r.status, r.headers.get('content-type')])(new Response('x', { status: 404, headers: { 'content-type': 'a/b' } }))",
            r#"[404,"a/b"]"#,
        ),
        (
            "(r => [r.status, r.headers.get('location')])(Response.redirect('https://h.test/a'))",
            r#"[302,"https://h.test/a"]"#,
        ),
        (
            "[99, 600, 'x', NaN].map(status => { try { new Response('', { status }) } catch (e) { return e.name } })",
            r#"["RangeError","RangeError","RangeError","RangeError"]"#,
        ),
        (
            "[204, 304].map(status => { try { new Response('x', { status }) } catch (e) { return e.name } })",
            r#"["TypeError","TypeError"]"#,
        ),
        (
            "(async r => [await r.clone().text(), await r.text(), await r.text().catch(e => e.name)])(new Response('x'))",
            r#"["x","x","TypeError"]"#,
        ),
        ("new Response(new URLSearchParams({ a: 'b c' })).text()", r#""a=b+c""#),
        ("new Response('\\ud800').text()", "\"\u{fffd}\""),
    ]);
    let (response, _) =
        run("export default () => new Response(null, { status: 204, headers: { 'x-a': 'é' } })");
    let response = response.unwrap();
    assert!(response.status == 204 && response.body.is_none());
    assert_eq!(response.headers, [("x-a".to_owned(), "é".to_owned())]);
}

#[test]
fn encodings() {
    check(&[
        ("[...new TextEncoder().encode('é€😀\\ud800')]", "[195,169,226,130,172,240,159,152,128,239,191,189]"),
        ("new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff]))", "\"a\u{fffd}\""),
        (
            "(() => { try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff])) } catch (e) { return e.name } })()",
            r#""TypeError""#,
        ),
        (
            "(d => d.decode(new Uint8Array([0xe2, 0x82]), { stream: true }) + d.decode(new Uint8Array([0xac])))(new TextDecoder())",
            r#""€""#,
        ),
        ("new TextEncoder().encodeInto('aé', new Uint8Array(2))", r#"{"read":1,"written":1}"#),
        ("btoa('a\\xff')", r#""Yf8=""#),
        ("atob(' Y f8 ').charCodeAt(1)", "255"),
        (
            "['a', '====', 'a=b='].map(t => { try { return atob(t) } catch (e) { return e.name } })",
            r#"["InvalidCharacterError","InvalidCharacterError","InvalidCharacterError"]"#,
        ),
        (
            "(() => { try { btoa('€') } catch (e) { return [e.name, e instanceof DOMException] } })()",
            r#"["InvalidCharacterError",true]"#,
        ),
    ]);
}

#[test]
fn structured_clones() {
    check(&[
        ("(() => { const a = { d: new Date(0), m: new Map([[1, new Set([2])]]), r: /x/g, b: new Uint8Array([1]), e: new RangeError('no'), n: [1, , 3] }; a.self = a; const c = structuredClone(a);
           return [c !== a, c.self === c, c.d instanceof Date, [...c.m.get(1)], c.r.flags, [...c.b], c.e instanceof RangeError, 1 in c.n] })()",
            r#"[true,true,true,[2],"g",[1],true,false]"#),
        ("[() => {}, Symbol('s'), { f() {} }].map(v => { try { structuredClone(v) } catch (e) { return e.name } })", r#"["DataCloneError","DataCloneError","DataCloneError"]"#),
    ]);
}

#[test]
fn events_and_aborts() {
    check(&[
        (
            "(() => { const t = new EventTarget(), seen = []; t.addEventListener('x', e => seen.push(e.type), { once: true }); t.addEventListener('x', { handleEvent() { seen.push('object') } }); t.dispatchEvent(new Event('x')); t.dispatchEvent(new Event('x')); return seen })()",
            r#"["x","object","object"]"#,
        ),
        (
            "(c => { let n = 0; c.signal.onabort = () => n++; c.abort(); c.abort(); return [n, c.signal.aborted, c.signal.reason.name] })(new AbortController())",
            r#"[1,true,"AbortError"]"#,
        ),
        (
            "(c => { const any = AbortSignal.any([new AbortController().signal, c.signal]); c.abort('why'); return [any.aborted, any.reason] })(new AbortController())",
            r#"[true,"why"]"#,
        ),
        (
            "new Promise(done => { const s = AbortSignal.timeout(1); s.addEventListener('abort', () => done(s.reason.name)); setTimeout(() => {}, 1000) })",
            r#""TimeoutError""#,
        ),
    ]);
}

#[test]
fn console_prints_as_people_expect() {
    let (response, outcome) = run(r"
        class Point { constructor() { this.x = 1 } }
        export default () => {
          console.log('a', 1, -0, true, null, undefined, 10n, Symbol('s'));
          console.info('%s is %d years and %i, %j %% %o', 'Bob', 42.5, 42.9, { a: 1 }, [1]);
          console.warn({ a: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 'b-c': [1, 2], nested: { deep: { deeper: { deepest: 1 } } } });
          console.error(new Map([['k', { v: 1 }]]), new Set([1]), new Point(), [ , 1], new Uint8Array(2), () => {}, class A {});
          const loop = { name: 'loop' }; loop.self = loop; console.debug(loop);
          console.log(new Date(0), /x/g, Object.create(null), [undefined, null]);
          console.group('G'); console.log('in'); console.groupEnd(); console.log('out');
          console.assert(1 === 2, 'not %s', 'equal'); console.count(); console.count();
          return new Response('');
        }");
    text(response);
    let lines: Vec<_> =
        outcome.logs.iter().map(|entry| format!("{} {}", entry.level.as_str(), entry.message)).collect();
    assert_eq!(
        lines,
        [
            "log a 1 -0 true null undefined 10n Symbol(s)",
            "info Bob is 42.5 years and 42, {\"a\":1} % [ 1 ]",
            "warn {\n  a: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',\n  'b-c': [ 1, 2 ],\n  nested: { deep: { deeper: [Object] } }\n}",
            "error Map(1) { 'k' => { v: 1 } } Set(1) { 1 } Point { x: 1 } [ <1 empty item>, 1 ] Uint8Array(2) [ 0, 0 ] [Function (anonymous)] [class A]",
            "debug { name: 'loop', self: [Circular *1] }",
            "log 1970-01-01T00:00:00.000Z /x/g [Object: null prototype] {} [ undefined, null ]",
            "log G",
            "log   in",
            "log out",
            "error Assertion failed: not equal",
            "info default: 1",
            "info default: 2",
        ]
    );
}

#[test]
fn an_error_in_the_console_shows_its_stack_and_cause() {
    let (_, outcome) = run(
        "export default () => { console.error(new Error('outer', { cause: new TypeError('inner') })); return new Response('') }",
    );
    let message = &outcome.logs[0].message;
    assert!(message.starts_with("Error: outer\n    at "), "{message}");
    assert!(message.contains("[cause]: TypeError: inner"), "{message}");
}

#[test]
fn replacing_the_language_breaks_nothing_of_the_platforms() {
    let (response, outcome) = run(
        "export default async (req) => {
           const { stringify } = JSON;
           for (const [object, key] of [[JSON, 'stringify'], [JSON, 'parse'], [Promise.prototype, 'then'], [Promise, 'resolve'], [Map.prototype, 'get'], [Map.prototype, 'set'], [Array.prototype, 'push'], [Array.prototype, 'join'], [Object, 'keys'], [Object, 'freeze'], [String.prototype, 'toLowerCase'], [Array.prototype, Symbol.iterator]])
             object[key] = () => { throw new Error('spied') };
           Object.prototype.status = 418;
           console.log('still here');
           const headers = new Headers(); headers.set('x-a', '1');
           return new Response(stringify([req.method, req.headers.get('x-test')]), { status: 200, headers });
         }",
    );
    assert_eq!(text(response), r#"["GET","yes"]"#);
    assert_eq!(outcome.logs[0].message, "still here");
}

#[test]
fn data_urls_are_fetched_without_asking_anyone() {
    check(&[
        (
            "(async r => [r.status, r.headers.get('content-type'), await r.text()])(await fetch('data:text/x;charset=utf-8,h%C3%A9'))",
            r#"[200,"text/x;charset=utf-8","hé"]"#,
        ),
        ("(await fetch('data:;base64,aGk=')).text()", r#""hi""#),
        ("fetch('data:text/plain').catch(e => e.constructor.name)", r#""TypeError""#),
        ("(await fetch('data:,x', { method: 'POST' })).text()", r#""x""#),
        (
            "fetch('https://example.com/').catch(e => [e.constructor.name, e.code])",
            r#"["TypeError","EGRESS_DENIED"]"#,
        ),
    ]);
}

#[test]
fn urls_that_are_as_the_parser_writes_them_are_no_others() {
    // With a space before it, a URL is parsed in any case.
    let code = r##"export default () => {
        const pieces = ['', 'a', 'A', 'a.b', 'a.1', '1.2.3.4', '0x7f.1', 'a..b', 'a.', '.a', '-a', 'a-', 'xn--a', 'a--b', 'ab--c', 'é', '%61', '[::1]', 'u@h',
            'u:p@h', ':1', ':80', ':443', ':080', ':65535', ':65536', ':123456', ':', '/', '//', '/a/b', '/./a', '/../a', '/a/.', '/a/..', '/.a', '/a.b', '/%2e/a',
            '/a%2Eb', '/a%zz', '/ ', '/"', "/'", '/^', '/|', '/[', '/{', '/`', '/\\', '/\t', '/\n', '/é', '?', '?a=b', '??', "?'", '?"', '?<', '?%', '?é', '? ',
            '#', '#a', '##', '#`', '#<', '#é', '#a b', '@', '\\', ' '];
        const schemes = ['http://', 'https://', 'HTTP://', 'http:/', 'ftp://', 'x://'];
        const wrong = [];
        const look = (text) => {
            const [quick, whole] = [URL.parse(text), URL.parse(` ${text}`)];
            if (quick?.href !== whole?.href || URL.canParse(text) !== (whole !== null)) wrong.push(text);
        };
        for (const scheme of schemes) for (const a of pieces) {
            look(scheme + a);
            for (const b of pieces) { look(scheme + a + b); look(`${scheme}host${a}${b}`); look(`${scheme}host/${a}${b}`); }
        }
        return Response.json(wrong);
    }"##;
    assert_eq!(text(run(code).0), "[]");
}

#[test]
fn the_parts_of_urls_are_where_they_belong() {
    for (url, parts) in [
        (
            "https://user:pass@example.com:8080/a/b?c=d#e",
            "https: user pass example.com:8080 example.com 8080 /a/b ?c=d #e https://example.com:8080",
        ),
        ("https://user@example.com/", "https: user  example.com example.com  /   https://example.com"),
        ("https://:pass@example.com/", "https:  pass example.com example.com  /   https://example.com"),
        ("http://[::1]:99/?#", "http:   [::1]:99 [::1] 99 /   http://[::1]:99"),
        ("http://[::1]/", "http:   [::1] [::1]  /   http://[::1]"),
        ("file:///a/b", "file:      /a/b   null"),
        ("file://host/a", "file:   host host  /a   null"),
        ("mailto:a@b.c:1?s=x#y", "mailto:      a@b.c:1 ?s=x #y null"),
        ("data:text/plain,a//c@d?e", "data:      text/plain,a//c@d ?e  null"),
        ("web+demo:/.//not-a-host/", "web+demo:      //not-a-host/   null"),
        ("web+demo:/a//b", "web+demo:      /a//b   null"),
        ("web+demo://u:p@h:1?q/x:y@z#h", "web+demo: u p h:1 h 1  ?q/x:y@z #h null"),
        ("web+demo://host", "web+demo:   host host     null"),
        ("blob:https://example.com/uuid", "blob:      https://example.com/uuid   https://example.com"),
        ("a:", "a:         null"),
        ("http://a?b://c@d:e#f?g", "http:   a a  / ?b://c@d:e #f?g http://a"),
    ] {
        let told = eval(&format!(
            "(u => [u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, u.origin].join(' '))(new URL({url:?}))"
        ));
        assert_eq!(told, format!("{parts:?}"), "{url}");
    }
}

#[test]
fn global_functions_are_no_constructors() {
    let functions = "[atob, btoa, clearImmediate, clearInterval, clearTimeout, fetch, queueMicrotask, reportError, \
        setImmediate, setInterval, setTimeout, structuredClone]";
    let told = eval(&format!(
        "{functions}.filter((it) => {{ try {{ new it(1); return true; }} catch (e) {{ return 'prototype' in it; }} }}).map((it) => it.name)"
    ));
    assert_eq!(told, "[]");
    assert_eq!(eval(&format!("{functions}.filter((it) => globalThis[it.name] !== it).length")), "0");
}
