//! `ctx.storage`.

use serde_json::{Value, json};
use support::cluster::run;

use super::Access;

async fn evaluate(access: &Access, code: &str) -> Value {
    let code = format!("export default async (req, ctx) => {{ const s = ctx.storage; {code} }}");
    access.app.deploy("run", &code).await;
    access.app.call("GET", "run").ok().await
}

#[test]
fn a_function_writes_reads_lists_and_deletes() {
    run(async {
        let access = Access::with_bucket("photos").await;
        let shown = evaluate(&access, "
            const put = await s.put('photos', 'a/é ü.txt', 'hello', { contentType: 'text/plain', metadata: { Kind: 'x' }, headers: { 'cache-control': 'no-store' } });
            const got = await s.get('photos', put.key);
            const part = await s.get('photos', put.key, { range: 'bytes=1-3' });
            const known = await s.get('photos', put.key, { ifNoneMatch: got.headers.get('etag') });
            await s.put('photos', 'b', new Uint8Array([1, 2, 3]));
            await s.put('photos', 'c', null);
            const list = await s.list('photos', { delimiter: '/' });
            const page = await s.list('photos', { limit: 1 });
            const rest = await s.list('photos', { cursor: page.next_cursor });
            await s.delete('photos', ['b', 'missing']);
            await s.delete('photos', 'c');
            return Response.json({
                put, text: await got.text(), headers: Object.fromEntries(got.headers),
                part: [part.status, await part.text(), part.headers.get('content-range')], known: known.status,
                list: [list.prefixes, list.objects.map((o) => [o.key, o.size])], rest: rest.objects.length,
                missing: await s.get('photos', 'b'), left: (await s.list('photos')).objects.length,
            });").await;
        assert_eq!((&shown["text"], &shown["put"]["size"]), (&json!("hello"), &json!(5)));
        let headers = &shown["headers"];
        assert_eq!(
            (&headers["content-type"], &headers["x-amz-meta-kind"], &headers["cache-control"]),
            (&json!("text/plain"), &json!("x"), &json!("no-store"))
        );
        assert_eq!((&shown["part"], &shown["known"]), (&json!([206, "ell", "bytes 1-3/5"]), &json!(304)));
        assert_eq!(shown["list"], json!([["a/"], [["b", 3], ["c", 0]]]));
        assert_eq!((&shown["rest"], &shown["missing"], &shown["left"]), (&json!(2), &Value::Null, &json!(1)));
        // The same bucket over S3.
        let over_s3 = access.get("/photos/a/%C3%A9%20%C3%BC.txt").await;
        assert_eq!((over_s3.status, over_s3.text().as_str()), (200, "hello"));
        assert_eq!(over_s3.headers["x-amz-meta-kind"], "x");
    });
}

#[test]
fn what_is_refused_can_be_caught() {
    run(async {
        let access = Access::with_bucket("photos").await;
        access.app.manage("PATCH", "/config").json(json!({ "limits": { "storage_bytes": 10 } })).ok().await;
        let shown = evaluate(&access, "
            await s.put('photos', 'once', 'x', { ifNoneMatch: '*' });
            const codes = [];
            for (const [name, call] of Object.entries({
                bucket: () => s.get('missing', 'a'), name: () => s.put('A..b', 'a', ''), key: () => s.put('photos', 'k'.repeat(1025), ''),
                control: () => s.put('photos', 'a\\u0001', ''), once: () => s.put('photos', 'once', 'y', { ifNoneMatch: '*' }),
                quota: () => s.put('photos', 'large', 'x'.repeat(11)), range: () => s.get('photos', 'once', { range: 'bytes=9-1' }),
                many: () => s.delete('photos', Array.from({ length: 1001 }, (_, n) => `${n}`)), empty: () => s.get('photos', ''),
                method: () => s.presign('photos', 'a', { method: 'PATCH' }), week: () => s.presign('photos', 'a', { expiresSeconds: 604801 }),
            })) codes.push([name, await call().then(() => 'done', (error) => error.code ?? error.name)]);
            return Response.json(Object.fromEntries(codes));").await;
        let invalid = "VALIDATION_INVALID_SCHEMA";
        assert_eq!(
            shown,
            json!({
                "bucket": "RESOURCE_NOT_FOUND", "name": invalid, "key": invalid, "control": invalid, "once": "RESOURCE_CONFLICT",
                "quota": "QUOTA_STORAGE_LIMIT", "range": invalid, "many": invalid, "empty": "TypeError",
                "method": invalid, "week": invalid,
            })
        );
    });
}

#[test]
fn objects_larger_than_the_sandbox_stream_through_it() {
    run(async {
        let access = Access::with_bucket("photos").await;
        // 64 MiB through 32 MiB of memory: made piece by piece, then read from one object into another.
        let code = "export default async (req, ctx) => {
            const piece = new Uint8Array(1 << 20).fill(7);
            let left = 64;
            const made = new ReadableStream({ type: 'bytes', pull(c) { left-- > 0 ? c.enqueue(piece.slice()) : c.close(); } });
            const one = await ctx.storage.put('photos', 'one', made);
            const got = await ctx.storage.get('photos', 'one');
            const two = await ctx.storage.put('photos', 'two', got.body);
            return Response.json({ one, two });
        }";
        let fields = json!({ "memoryLimitMb": 32, "timeoutMs": 120_000, "cpuLimitMs": 60_000,
            "trigger": { "type": "http", "config": { "auth": "none" } } });
        access.app.deploy_with("copy", code, fields).await;
        let shown = access.app.call("POST", "copy").ok().await;
        assert_eq!((&shown["one"]["size"], &shown["two"]["size"]), (&json!(64 << 20), &json!(64 << 20)));
        assert_eq!(shown["one"]["etag"], shown["two"]["etag"]);
    });
}

#[test]
fn a_presigned_url_is_good_for_what_it_says() {
    run(async {
        let access = Access::with_bucket("photos").await;
        let shown = evaluate(&access, "return Response.json({
            put: await s.presign('photos', 'a b', { method: 'PUT', contentType: 'text/plain', expiresSeconds: 60 }),
            get: await s.presign('photos', 'a b') });").await;
        let path = |name: &str| {
            let url = shown[name].as_str().unwrap();
            url[url.find("/v1/").unwrap()..].to_owned()
        };
        let client = &access.app.client;
        let put = |kind: &str| client.ask("PUT", &path("put")).header("content-type", kind).body("uploaded");
        assert_eq!(put("text/html").send().await.status, 403);
        assert_eq!(put("text/plain").send().await.status, 200);
        client.get(&path("get")).ok_text("uploaded").await;
        assert_eq!(client.ask("DELETE", &path("get")).send().await.status, 403);
    });
}
