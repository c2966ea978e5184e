//! The types that `mayfly types` writes.

use mayfly_schema::{Declared, Rules, typescript};
use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use support::tsc;

/// A column's type, a value as SQL, the generated type, and the value in JavaScript.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("smallint", "7", "number", "number"),
    ("int", "7", "number", "number"),
    ("bigint", "7", "number | string", "number"),
    ("bigint", "9007199254740993", "number | string", "string"),
    ("oid", "7", "number", "number"),
    ("real", "0.5", "number", "number"),
    ("float8", "'NaN'", "number", "number"),
    ("numeric", "1e30", "string", "string"),
    ("decimal(6,2)", "1.5", "string", "string"),
    ("money", "1.5", "string", "string"),
    ("boolean", "true", "boolean", "boolean"),
    ("text", "'x'", "string", "string"),
    ("varchar(9)", "'x'", "string", "string"),
    ("char(3)", "'x'", "string", "string"),
    ("citext", "'x'", "string", "string"),
    ("uuid", "gen_random_uuid()", "string", "string"),
    ("json", "'{\"a\":[1]}'", "Json", "object"),
    ("jsonb", "'7'", "Json", "number"),
    ("bytea", "'\\x00ff'", "Uint8Array", "Uint8Array"),
    ("date", "'2026-01-02'", "string", "string"),
    ("time", "'10:00'", "string", "string"),
    ("timetz", "'10:00Z'", "string", "string"),
    ("timestamp", "'2026-01-02 10:00'", "Date", "Date"),
    ("timestamptz(3)", "now()", "Date", "Date"),
    ("interval", "'1 day'", "string", "string"),
    ("inet", "'::1'", "string", "string"),
    ("macaddr", "'08:00:2b:01:02:03'", "string", "string"),
    ("point", "'(1,2)'", "string", "string"),
    ("int4range", "'[1,2)'", "string", "string"),
    ("int4multirange", "'{[1,2)}'", "string", "string"),
    ("tsvector", "'a b'", "string", "string"),
    ("bit(3)", "'101'", "string", "string"),
    ("xml", "'<a/>'", "string", "string"),
    ("regclass", "'pg_class'", "string", "string"),
    ("mood", "'ok'", "Mood", "string"),
    ("int[]", "'{1,NULL}'", "(number | null)[]", "number[]"),
    ("bigint[]", "'{1}'", "(number | string | null)[]", "number[]"),
    ("text[]", "'{a}'", "(string | null)[]", "string[]"),
    ("numeric(6,2)[]", "'{1.5}'", "(string | null)[]", "string[]"),
    ("timestamptz[]", "'{2026-01-02}'", "(Date | null)[]", "Date[]"),
    ("bytea[]", "ARRAY['\\x00'::bytea]", "(Uint8Array | null)[]", "Uint8Array[]"),
    ("jsonb[]", "ARRAY['{}'::jsonb]", "(Json | null)[]", "object[]"),
    ("box[]", "'{(1,1),(0,0)}'", "string", "string"),
    ("mood[]", "'{ok}'", "string", "string"),
    ("citext[]", "'{a}'", "string", "string"),
];

const TELL: &str = "const kind = (it) => Array.isArray(it) ? kind(it[0]) + '[]' : it instanceof Date ? 'Date'
    : it instanceof Uint8Array ? 'Uint8Array' : typeof it;
export default async (req, { db }) => {
    const { rows } = await db.query('SELECT * FROM kinds');
    return Response.json(Object.fromEntries(Object.entries(rows[0]).map(([name, it]) => [name, kind(it)])));
}";

/// The output of `mayfly types` for the app.
async fn types(app: &TestApp) -> String {
    let text = app.manage("GET", "/schema").send().await.text();
    let answer = mayfly_schema::Node::read(&text).unwrap();
    typescript::render(&Declared::parse(answer.get("schema").unwrap(), &Rules::default()).unwrap())
}

#[test]
fn a_column_s_type_is_what_arrives() {
    run(async {
        let app = TestApp::new().await;
        app.manage("POST", "/sql").json(json!({ "sql": "CREATE EXTENSION citext" })).ok().await;
        let columns: serde_json::Map<String, Value> = KINDS
            .iter()
            .enumerate()
            .map(|(place, (ty, ..))| (format!("c{place}"), json!({ "type": ty, "nullable": place % 2 == 0 })))
            .collect();
        let schema =
            json!({ "enums": { "mood": ["ok", "bad"] }, "tables": { "kinds": { "columns": columns } } });
        app.manage("POST", "/schema/apply").json(json!({ "schema": schema })).ok().await;
        let values: Vec<&str> = KINDS.iter().map(|(_, value, ..)| *value).collect();
        let names: Vec<String> = (0..KINDS.len()).map(|place| format!("c{place}")).collect();
        let insert = format!("INSERT INTO kinds ({}) VALUES ({})", names.join(","), values.join(","));
        app.manage("POST", "/sql").json(json!({ "sql": insert })).ok().await;
        app.deploy("tell", TELL).await;
        let arrived = app.call("GET", "tell").ok().await;
        let written = types(&app).await;
        for (place, (ty, _, typescript, javascript)) in KINDS.iter().enumerate() {
            let nullable = if place % 2 == 0 { " | null" } else { "" };
            let line = format!("  c{place}: {typescript}{nullable};\n");
            assert!(written.contains(&line), "{ty}: {line}{written}");
            assert_eq!(arrived[format!("c{place}")], *javascript, "{ty}");
        }
        if let Some(said) = tsc::check(&[("mayfly.d.ts", &written)]) {
            assert_eq!(said, "");
        }
    });
}

const USE: &str = r#"
import type { Context } from "@mayfly/types";
import type { Json, Mood, NotesRow, Tables } from "./mayfly";

export async function handler(_req: Request, ctx: Context): Promise<Response> {
  const { rows, rowCount } = await ctx.db.query<NotesRow>("SELECT * FROM notes WHERE id = $1", [1]);
  const [note] = rows;
  if (note === undefined) return new Response(`${rowCount ?? 0} rows`, { status: 404 });
  const id: number = note.id;
  const title: string = note.title;
  const since: string | undefined = note.since?.toISOString();
  const tags: (string | null)[] = note.tags ?? [];
  const mood: Mood = note.mood;
  const big: number | string = note.big;
  const more: Json = note["more than this"];
  const same = await ctx.db.sql<Tables["notes"]>`SELECT * FROM notes WHERE mood = ${"ok" satisfies Mood}`;
  const other = await ctx.db.tx((tx) => tx.query<Pick<NotesRow, "id">>("SELECT id FROM notes"));
  return Response.json([id, title, since, tags, mood, big, more, same.rows[0]?.title, other.rows[0]?.id]);
}

export async function wrong(ctx: Context): Promise<void> {
  const { rows } = await ctx.db.query<NotesRow>("SELECT * FROM notes");
  const note = rows[0]!;
  // @ts-expect-error There is no such column.
  note.titel;
  // @ts-expect-error It may be NULL.
  note.since.toISOString();
  // @ts-expect-error It may be a string where a number is not exact.
  note.big.toFixed();
  // @ts-expect-error An element may be NULL.
  note.tags?.map((tag) => tag.length);
  // @ts-expect-error The enum has no such value.
  note.mood === "furious";
  // @ts-expect-error A numeric is a string.
  note.price * 2;
  // @ts-expect-error A symbol is not a parameter.
  await ctx.db.query<NotesRow>("SELECT $1", [Symbol()]);
  // @ts-expect-error Parameters are an array.
  await ctx.db.query<NotesRow>("SELECT $1", 1);
  // @ts-expect-error There may be no row.
  rows[0].id;
  // @ts-expect-error The environment is read-only.
  ctx.env["X"] = "y";
}
"#;

#[test]
fn a_typed_query_compiles_and_wrong_uses_do_not() {
    let declared = r#"{"enums":{"mood":["ok","bad"],"Notes":["x"]},"tables":{"notes":{"columns":{
        "id":{"type":"serial","primaryKey":true},"title":{"type":"text","nullable":false},"since":"timestamptz","tags":"text[]",
        "mood":{"type":"mood","nullable":false},"big":{"type":"bigint","nullable":false},"price":{"type":"numeric","nullable":false},
        "more than this":"jsonb"}},"date":{"columns":{"date":"date"}},"1 \"odd\" ' name \\ */":{"comment":"*/ x","columns":{"a\nb":"int","__proto__":"int"}},
        "ⓐ²":{"columns":{"größe":"int","ⓐ":"int"}},"string":{"columns":{"Date":"timestamptz"}},"record":{"columns":{}},"class":{"columns":{}}}}"#;
    let written = typescript::render(&Declared::read(declared, &Rules::default()).unwrap());
    let Some(said) = tsc::check(&[("mayfly.d.ts", &written), ("index.ts", USE)]) else { return };
    assert_eq!(said, "", "{written}");
}
