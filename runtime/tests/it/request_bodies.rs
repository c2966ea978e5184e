//! The body of the request that came in: whatever reads it, it is read once.

use crate::support::{image, invoke, post, text};

fn answer(body: &str, handler: &str) -> String {
    let source = format!("export async function handler(req, ctx) {{ {handler} }}");
    text(invoke(&image(&source), post(body)).0)
}

#[test]
fn every_way_of_reading_it_uses_it_up() {
    for first in ["json", "text", "bytes", "arrayBuffer", "blob"] {
        for second in ["json", "text", "bytes", "arrayBuffer", "blob", "formData"] {
            let seen = answer(
                r#"{"a":[1]}"#,
                &format!(
                    "const before = req.bodyUsed; const reading = req.{first}(); const during = req.bodyUsed;
                     const value = await reading;
                     const name = (call) => {{ try {{ return call() && 'none' }} catch (error) {{ return error.name }} }};
                     return Response.json([before, during, req.bodyUsed, value === undefined,
                       await req.{second}().then(() => 'read', (error) => error.name),
                       name(() => req.clone()), name(() => new Request(req)), req.body !== null && req.body.locked,
                       (await fetch(req).catch((error) => error.name)).toString()])"
                ),
            );
            assert_eq!(
                seen, r#"[false,true,true,false,"TypeError","TypeError","TypeError",true,"TypeError"]"#,
                "{first} and {second}"
            );
        }
    }
}

#[test]
fn what_was_asked_for_before_does_not_matter() {
    let cases = [
        (
            "const copy = req.clone(); return Response.json([await req.json(), await copy.json(), await req.text().catch((e) => e.name)])",
            r#"[{"a":1},{"a":1},"TypeError"]"#,
        ),
        (
            "const copy = new Request(req); return Response.json([req.bodyUsed, await copy.json(), await req.json().catch((e) => e.name)])",
            r#"[true,{"a":1},"TypeError"]"#,
        ),
        (
            "const stream = req.body; return Response.json([stream === req.body, stream.locked, await req.json(), stream.locked, req.bodyUsed])",
            r#"[true,false,{"a":1},true,true]"#,
        ),
        (
            "const reader = req.body.getReader(); return Response.json([await req.json().catch((e) => e.name), req.bodyUsed, (await reader.read()).value.length, req.bodyUsed])",
            r#"["TypeError",false,7,true]"#,
        ),
        (
            "return Response.json(await Promise.all([req.json(), req.json().catch((e) => e.name), req.text().catch((e) => e.name)]))",
            r#"[{"a":1},"TypeError","TypeError"]"#,
        ),
        (
            "const { json } = Request.prototype; return Response.json([await json.call(new Request('https://x.test', { method: 'POST', body: '2' })), await json.call({}).catch((e) => e.name), await json.call(new Response('3')).catch((e) => e.name), await json.call(req)])",
            r#"[2,"TypeError","TypeError",{"a":1}]"#,
        ),
        (
            "const text = Reflect.get(Response.prototype, 'text'); return Response.json([await text.call(req).catch((e) => e.name), req.bodyUsed, await req.text()])",
            r#"["TypeError",false,"{\"a\":1}"]"#,
        ),
        (
            "class Mine extends Request {} const mine = new Mine(req); return Response.json([await mine.json(), req.bodyUsed])",
            r#"[{"a":1},true]"#,
        ),
    ];
    for (handler, expected) in cases {
        assert_eq!(answer(r#"{"a":1}"#, handler), expected, "{handler}");
    }
}

#[test]
fn what_is_no_json_says_so_and_is_used_up() {
    for body in ["{", "", "nul", "[1,]", "\u{feff}{", "1 2", "{\"__proto__\":1,}"] {
        let seen = answer(
            body,
            "return Response.json([await req.json().catch((e) => e.name), req.bodyUsed, await req.text().catch((e) => e.name)])",
        );
        assert_eq!(seen, r#"["SyntaxError",true,"TypeError"]"#, "{body:?}");
    }
    let odd = answer(
        "\u{feff} {\"__proto__\": {\"x\": 1}, \"a\": [\"\\ud800\", -0, 1e400], \"a\": 2}",
        "const value = await req.json(); return Response.json([Object.keys(value), value.x === undefined, value.a])",
    );
    assert_eq!(odd, r#"[["__proto__","a"],true,2]"#);
}

#[test]
fn a_request_without_a_body_has_nothing_to_use_up() {
    let source = "export async function handler(req) {
        return Response.json([await req.text(), req.bodyUsed, await req.json().catch((e) => e.name), req.bodyUsed, req.body])
    }";
    let (response, _) = crate::support::run(source);
    assert_eq!(text(response), r#"["",false,"SyntaxError",false,null]"#);
}
