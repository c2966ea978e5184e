//! Typical functions, each in a few lines, with the capabilities of such an invocation.

mod lent;

use mayfly_runtime::providers::Grants;
use mayfly_runtime::{Call, Request};

/// One function.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The body of its handler.
    handler: &'static str,
    /// The body of the request.
    body: Option<&'static str>,
}

const fn get(name: &'static str, handler: &'static str) -> Function {
    Function { name, handler, body: None }
}

const fn post(name: &'static str, body: &'static str, handler: &'static str) -> Function {
    Function { name, handler, body: Some(body) }
}

/// From the simplest to rare ones.
pub const FUNCTIONS: &[Function] = &[
    get("json", "return Response.json({ hello: 'world' });"),
    get("text", "return new Response('hello');"),
    get(
        "method",
        "if (req.method !== 'GET') return new Response(null, { status: 405 }); return new Response('ok');",
    ),
    get(
        "query",
        "const url = new URL(req.url); \
         return Response.json({ path: url.pathname, name: url.searchParams.get('q') ?? 'world' });",
    ),
    get(
        "headers",
        "const token = req.headers.get('authorization') ?? ''; \
         return new Response('ok', { status: 201, headers: { 'x-length': String(token.length) } });",
    ),
    post(
        "body",
        r#"{"title":"a note","tags":["a","b"]}"#,
        "const { title } = await req.json(); return Response.json({ title }, { status: 201 });",
    ),
    post(
        "form",
        "a=1&b=2",
        "return Response.json(Object.fromEntries(new URLSearchParams(await req.text())));",
    ),
    get(
        "rows",
        "const { rows } = await ctx.db.query('select id, title from notes where id = $1', [7]); return Response.json(rows);",
    ),
    get(
        "insert",
        "const result = await ctx.db.query('insert into notes (title) values ($1)', ['a']); return Response.json({ n: result.rowCount });",
    ),
    get(
        "transaction",
        "const n = await ctx.db.tx(async (tx) => { await tx.query('update a set n = n - 1'); \
         return (await tx.query('update b set n = n + 1')).rowCount; }); return Response.json({ n });",
    ),
    get("env", "return Response.json({ to: ctx.env.GREETING, user: ctx.user?.id ?? null });"),
    get("console", "console.log('asked', { path: req.url, n: 1 }); return Response.json({ ok: true });"),
    get(
        "claim",
        "const first = await ctx.idempotency.claim('key'); return Response.json({ duplicate: !first });",
    ),
    get(
        "background",
        "ctx.waitUntil((async () => { await null; console.log('later'); })()); return new Response('accepted', { status: 202 });",
    ),
    get(
        "fetch",
        "const answer = await fetch('https://api.example.com/v1/things?n=1'); return Response.json({ status: answer.status, body: await answer.json() });",
    ),
    get("timer", "await new Promise((resolve) => setTimeout(resolve, 1)); return new Response('late');"),
    get(
        "parallel",
        "const all = await Promise.all([1, 2, 3].map(async (n) => n * 2)); return Response.json(all);",
    ),
    get("random", "return Response.json({ id: crypto.randomUUID(), at: new Date().toISOString() });"),
    get(
        "digest",
        "const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('text')); \
         return new Response(Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join(''));",
    ),
    post(
        "signature",
        "payload",
        "const key = await crypto.subtle.importKey('raw', new TextEncoder().encode('secret'), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']); \
         const ok = await crypto.subtle.verify('HMAC', key, new Uint8Array(32), await req.arrayBuffer()); \
         return Response.json({ ok }, { status: ok ? 200 : 401 });",
    ),
    get("base64", "const text = btoa('user:password'); return new Response(atob(text));"),
    get(
        "stream",
        "const parts = ['a', 'b']; const stream = new ReadableStream({ pull(c) { const part = parts.shift(); \
         if (part) c.enqueue(new TextEncoder().encode(part)); else c.close(); } }); \
         return new Response(stream, { headers: { 'content-type': 'text/event-stream' } });",
    ),
    get("throws", "throw new TypeError('this went wrong');"),
    get(
        "catches",
        "try { await ctx.db.query('broken'); } catch (error) { console.error(error); return Response.json({ error: error.code }, { status: 400 }); } return new Response();",
    ),
    get("redirect", "return Response.redirect(new URL('/elsewhere', req.url));"),
    get(
        "collections",
        "const seen = new Map(); for (const word of 'a b a c'.split(' ')) seen.set(word, (seen.get(word) ?? 0) + 1); return Response.json([...seen].sort());",
    ),
    get(
        "patterns",
        "const match = /^\\/(\\w+)\\/?(\\d+)?$/.exec(new URL(req.url).pathname); return Response.json({ match: match?.[1], date: new Date(0) });",
    ),
];

impl Function {
    /// Its module.
    pub fn code(&self) -> String {
        format!("export async function handler(req, ctx) {{ {} }}", self.handler)
    }

    /// A call of it, with every capability.
    pub fn call(&self) -> Call {
        let mut headers = vec![
            ("host".to_owned(), "app.example.com".to_owned()),
            ("user-agent".to_owned(), "curl/8.0".to_owned()),
            ("accept".to_owned(), "*/*".to_owned()),
        ];
        if self.body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let method = if self.body.is_some() { "POST" } else { "GET" };
        Call {
            request: Request {
                method: method.to_owned(),
                url: format!("https://app.example.com/v1/app_1/fn/{}?q=1", self.name),
                headers,
                body: self.body.map(|body| body.to_owned().into()),
            },
            context: r#"{"user":{"id":"u1"},"caller":{"type":"anonymous"},"app":{"id":"app_1","name":"t"},"request":{"id":"r"},"trigger":{"type":"http"}}"#.to_owned(),
            grants: Grants { account: lent::account(), env: lent::environment(), database: Some(lent::database()), idempotency: Some(lent::claims()), queue: None, fetch: Some(lent::web()), realtime: None },
            ..Call::default()
        }
    }
}
