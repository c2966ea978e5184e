//! `blob:` URLs.

use crate::support::{call, eval, image, invoke, text};

#[test]
fn a_blob_is_fetched_by_its_url() {
    let cases = [
        (
            "(async () => { const url = URL.createObjectURL(new Blob(['hello'], { type: 'text/x' })); const r = await fetch(url); \
             return [r.status, r.headers.get('content-type'), r.headers.get('content-length'), await r.text(), new URL(url).origin] })()",
            r#"[200,"text/x","5","hello","null"]"#,
        ),
        (
            "(async () => { const url = URL.createObjectURL(new Blob(['hello'])); const request = new Request(`${url}#part`); \
             URL.revokeObjectURL(url); const late = await fetch(url).catch((e) => e.name); \
             return [await (await fetch(request.clone())).text(), late] })()",
            r#"["hello","TypeError"]"#,
        ),
        (
            "(async () => { const blob = new Blob(['hello']); const got = await (await fetch(URL.createObjectURL(blob))).bytes(); got.fill(0); return blob.text() })()",
            r#""hello""#,
        ),
        (
            "fetch(URL.createObjectURL(new Blob(['x'])), { method: 'POST' }).catch((e) => e.name)",
            r#""TypeError""#,
        ),
        ("(() => { try { URL.createObjectURL({}) } catch (e) { return e.name } })()", r#""TypeError""#),
    ];
    for (expression, value) in cases {
        assert_eq!(eval(expression), value, "{expression}");
    }
}

#[test]
fn there_are_so_many_at_once() {
    let made = "(() => { const blob = new Blob(['x']); const urls = []; try { for (;;) urls.push(URL.createObjectURL(blob)) } catch (e) { \
                URL.revokeObjectURL(urls[0]); URL.createObjectURL(blob); return [urls.length, e.name] } })()";
    assert_eq!(eval(made), r#"[10000,"QuotaExceededError"]"#);
}

#[test]
fn they_end_with_their_invocation() {
    let image = image(
        "let kept; export default async (req) => { const before = kept === undefined; kept = URL.createObjectURL(new Blob(['x'])); \
         return Response.json([before, await (await fetch(kept)).text()]) }",
    );
    for _ in 0..2 {
        assert_eq!(text(invoke(&image, call()).0), r#"[true,"x"]"#);
    }
}
