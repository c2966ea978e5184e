//! `ctx.kv`: keys with values in the app's own database.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

#[test]
fn keys_are_set_counted_listed_and_forgotten() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default async (req, { kv }) => {
            const seen = [await kv.get('a'), await kv.set('a', { x: [1] }), await kv.get('a'), await kv.delete('a'), await kv.delete('a'), await kv.get('a')];
            const sums = await Promise.all(Array.from({ length: 20 }, () => kv.increment('n')));
            seen.push(sums.sort((a, b) => a - b).at(-1), await kv.increment('n', -5), await kv.decr('n'));
            for (const key of ['p/1', 'p/2', 'p/3', 'q']) await kv.set(key, key);
            const page = await kv.list({ prefix: 'p/', limit: 2 });
            seen.push(page, await kv.list({ prefix: 'p/', after: page.next }), (await kv.list()).keys.length);
            await kv.set('text', 'no number');
            for (const wrong of [() => kv.increment('text'), () => kv.set('k'.repeat(513), 1), () => kv.set('big', 'x'.repeat(300000)),
                () => kv.get(''), () => kv.set('u', undefined), () => kv.increment('n', 0.5), () => kv.set('t', 1, { ttl: 0 }), () => kv.list({ limit: 1001 })]) {
                seen.push(await wrong().then(() => 'taken', (error) => error.code ?? error.name));
            }
            seen.push(await kv.increment('text').catch((error) => error.message));
            return Response.json(seen);
        }";
        app.deploy("kv", code).await;
        let answer = app.call("GET", "kv").key(&app.service_key).ok().await;
        let expected = json!([
            null, null, { "x": [1] }, true, false, null, 20, 15, 14,
            { "keys": ["p/1", "p/2"], "next": "p/2" }, { "keys": ["p/3"], "next": null }, 5,
            "22P02", "22023", "22023", "TypeError", "TypeError", "TypeError", "TypeError", "TypeError",
            "the value of this key of ctx.kv is not a number"
        ]);
        assert_eq!(answer, expected);
    });
}

#[test]
fn what_has_expired_is_not_there_and_begins_again() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default async (req, { kv, db }) => {
            await kv.set('a', 1, { ttl: 60 });
            await kv.increment('n', 5, { ttl: 60 });
            await db.query(\"UPDATE mayfly.kv SET expires_at = now() - interval '1 second'\");
            return Response.json([await kv.get('a'), (await kv.list()).keys, await kv.delete('a'), await kv.increment('n', 2)]);
        }";
        app.deploy("kv", code).await;
        let answer = app.call("GET", "kv").key(&app.service_key).ok().await;
        assert_eq!(answer, json!([null, [], false, 2]));
    });
}
