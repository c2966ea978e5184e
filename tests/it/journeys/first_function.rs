//! From an empty server to a function that writes a note and reads it back.

use serde_json::json;
use support::app::shared;
use support::cluster::run;

#[test]
fn from_nothing_to_a_note_read_back() {
    run(async {
        let node = shared().await;
        let client = node.client();
        let made = client.post("/v1/apps").key(node.admin_key()).json(json!({ "name": "notes" })).ok().await;
        let (app, key) = (made["app_id"].as_str().unwrap(), made["service_key"].as_str().unwrap());
        let sql = "CREATE TABLE notes (id bigserial PRIMARY KEY, body text NOT NULL)";
        client.post(&format!("/v1/{app}/sql")).key(key).json(json!({ "sql": sql })).ok().await;
        let code = "interface Note { body: string }
            export async function handler(req: Request, ctx): Promise<Response> {
                if (req.method === 'POST') {
                    const note = await req.json() as Note;
                    console.info('noted', note.body);
                    const { rows } = await ctx.db.query('INSERT INTO notes (body) VALUES ($1) RETURNING id', [note.body]);
                    return Response.json(rows[0], { status: 201 });
                }
                return Response.json((await ctx.db.query('SELECT id, body FROM notes')).rows);
            }";
        let body = json!({ "name": "notes", "code": code });
        let deployed = client.post(&format!("/v1/{app}/functions")).key(key).json(body).ok().await;
        let url = deployed["url"].as_str().unwrap();
        let path = url.strip_prefix(node.url()).unwrap();
        let written = client.post(path).key(key).json(json!({ "body": "remember the milk" })).send().await;
        assert_eq!((written.status, written.json()), (201, json!({ "id": 1 })));
        let read = client.get(path).key(key).ok().await;
        assert_eq!(read, json!([{ "id": 1, "body": "remember the milk" }]));
        let logs = client.get(&format!("/v1/{app}/functions/notes/logs")).key(key).ok().await;
        assert_eq!(logs["logs"][1]["consoleLogs"][0]["message"], "noted remember the milk");
    });
}
