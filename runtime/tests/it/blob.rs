//! Blob, File, FormData, and the bodies that they make.

use crate::support::{call, eval, image, invoke, text};

fn check(cases: &[(&str, &str)]) {
    for (expression, value) in cases {
        assert_eq!(eval(expression), *value, "{expression}");
    }
}

#[test]
fn blobs_are_made_of_parts_and_sliced() {
    check(&[
        (
            "(async () => { const b = new Blob(['häh', new Uint8Array([33]), new Blob(['?'])], { type: 'Text/Plain' }); \
             return [b.size, b.type, await b.text(), await b.slice(1, -1).text(), await b.slice(-2).text()] })()",
            r#"[6,"text/plain","häh!?","äh!","!?"]"#,
        ),
        ("(async () => [...await new Blob(['a\\r\\nb'], { endings: 'native' }).bytes()])()", "[97,10,98]"),
        (
            "(async () => { const chunks = []; for await (const c of new Blob([new Uint8Array(65537)]).stream()) chunks.push(c.length); return chunks })()",
            "[65536,1]",
        ),
        (
            "(f => [f.name, f.lastModified, f.type, f instanceof Blob, String(f)])(new File(['x'], 'a.txt', { lastModified: 7.9 }))",
            r#"["a.txt",7,"",true,"[object File]"]"#,
        ),
        (
            "(async () => (await structuredClone(new File(['x'], 'n')).text()) + structuredClone(new File([], 'n')).name)()",
            r#""xn""#,
        ),
    ]);
}

#[test]
fn forms_keep_their_order() {
    check(&[(
        "(f => { f.append('a', '1'); f.append('b', '2'); f.append('a', '3'); f.set('a', '4'); f.append('c', new Blob(['x'])); \
         return [[...f.keys()], f.getAll('a'), f.get('c').name, f.has('b'), f.get('z')] })(new FormData())",
        r#"[["a","b","c"],["4"],"blob",true,null]"#,
    )]);
}

#[test]
fn forms_travel_as_multipart() {
    check(&[(
        "(async () => { const form = new FormData(); form.append('te\"xt', 'line\\nend'); form.append('file', new File([new Uint8Array([0, 255, 13, 10])], 'ü.bin', { type: 'x/y' })); \
         const response = new Response(form); const type = response.headers.get('content-type').split(';')[0]; \
         const back = await response.formData(); const file = back.get('file'); \
         return [type, back.get('te\"xt'), file.name, file.type, [...await file.bytes()]] })()",
        r#"["multipart/form-data","line\r\nend","ü.bin","x/y",[0,255,13,10]]"#,
    )]);
}

#[test]
fn an_incoming_form_is_parsed() {
    let handler = image(
        "export async function handler(req) {
            try { return Response.json([...(await req.formData())].map(([k, v]) => [k, typeof v === 'string' ? v : [v.name, v.type, v.size]])) }
            catch (error) { return new Response(`${error.name}`, { status: 400 }) }
        }",
    );
    let send = |media: &str, body: &str| {
        let mut call = call();
        call.request.method = "POST".to_owned();
        call.request.headers = vec![("content-type".to_owned(), media.to_owned())];
        call.request.body = Some(body.to_owned().into());
        text(invoke(&handler, call).0)
    };
    let multipart = "preamble\r\n--B\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--B\r\n\
         Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/css\r\n\r\nabc\r\n--B--\r\n";
    assert_eq!(
        send("multipart/form-data; boundary=B", multipart),
        r#"[["a","1\r\n2"],["f",["x.txt","text/css",3]]]"#
    );
    assert_eq!(send("multipart/form-data; boundary=\"B\"", "--B--\r\n"), "[]");
    assert_eq!(send("application/x-www-form-urlencoded", "a=1+2&b=%C3%A4"), r#"[["a","1 2"],["b","ä"]]"#);
    for (parameters, name) in [
        ("filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        ("filename*=iso-8859-1'en'%A3.txt", "£.txt"),
        ("filename*=utf-8''100%25%zz%", "100%%zz%"),
        ("filename=\"plain.txt\"; filename*=UTF-8''other.txt", "plain.txt"),
        ("filename*=UTF-8''other.txt; filename=\"plain.txt\"", "plain.txt"),
    ] {
        let body =
            format!("--B\r\ncontent-disposition: form-data; name=\"f\"; {parameters}\r\n\r\nabc\r\n--B--");
        let expected = format!(r#"[["f",["{name}","text/plain",3]]]"#);
        assert_eq!(send("multipart/form-data; boundary=B", &body), expected, "{parameters}");
    }
    for (media, body) in [
        ("multipart/form-data", multipart),
        ("multipart/form-data; boundary=C", multipart),
        ("multipart/form-data; boundary=B", "--B\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n1"),
        ("multipart/form-data; boundary=B", "--B\r\nx-other: 1\r\n\r\n1\r\n--B--"),
        ("text/plain", "a=1"),
    ] {
        assert_eq!(send(media, body), "TypeError", "{media} {body}");
    }
}

#[test]
fn bodies_are_read_once_however_they_were_given() {
    check(&[
        (
            "(async () => { const r = new Response(new Blob(['x'], { type: 'a/b' })); const first = await r.text(); \
             return [first, r.bodyUsed, r.headers.get('content-type'), await r.text().catch((e) => e.name)] })()",
            r#"["x",true,"a/b","TypeError"]"#,
        ),
        (
            "(async () => { const r = new Response('abc'); const c = r.clone(); const [a, b] = [r.body, c.body]; \
             return [await new Response(a).text(), await c.text(), r.bodyUsed, r.body.locked] })()",
            r#"["abc","abc",true,true]"#,
        ),
        (
            "(async () => { const r = new Response(ReadableStream.from([new Uint8Array([104]), new Uint8Array([105])])); \
             const c = r.clone(); return [await r.text(), await c.text()] })()",
            r#"["hi","hi"]"#,
        ),
        ("(async () => (await new Response('x').blob()).type)()", r#""text/plain;charset=UTF-8""#),
        ("(r => [r.body, r.bodyUsed])(new Response(null))", "[null,false]"),
        (
            "(() => { try { new Request('https://x.test', { method: 'POST', body: new ReadableStream() }) } catch (e) { return e.name } })()",
            r#""TypeError""#,
        ),
        (
            "(async () => { const b = new Uint8Array([1]); const r = new Response(b); b[0] = 9; return [...await r.bytes()] })()",
            "[1]",
        ),
        (
            "(async () => { const r = new Response(new Uint8Array([1])); const c = r.clone(); (await r.bytes())[0] = 9; return [...await c.bytes()] })()",
            "[1]",
        ),
    ]);
}
