/** Rows owned by end users, and hostile SQL that tries to read other users' rows. */
import type { Context } from "@mayfly/types";

interface Note {
  id: number;
  owner: string;
  body: string;
}

export async function handler(req: Request, ctx: Context): Promise<Response> {
  if (req.method === "GET") {
    const { rows } = await ctx.db.query<Note>("SELECT id, owner, body FROM private_notes ORDER BY id");
    return Response.json({ notes: rows });
  }
  if (req.method !== "POST") return Response.json({ error: `${req.method} is not supported` }, { status: 405 });
  if (ctx.user === null) return Response.json({ error: "notes belong to users: call as a user" }, { status: 400 });
  if (new URL(req.url).pathname.endsWith("/attack")) return Response.json(await attack(ctx, ctx.user.id));
  const { body } = (await req.json()) as { body?: unknown };
  if (typeof body !== "string" || body === "") {
    return Response.json({ error: "send {\"body\": \"some text\"}" }, { status: 400 });
  }
  const { rows } = await ctx.db.sql<Note>`INSERT INTO private_notes (body) VALUES (${body}) RETURNING id, owner, body`;
  return Response.json(rows[0], { status: 201 });
}

/** A row of another user, inserted by `schema.sql`. */
const SECRET = "a secret of carol";

const ATTACKS = [
  // Another role.
  "RESET ROLE",
  "SET ROLE butterbase_service",
  "/* select */ SET ROLE butterbase_service",
  "SET SESSION AUTHORIZATION DEFAULT",
  "SELECT set_config('role', 'butterbase_service', false)",
  "WITH x AS MATERIALIZED (SELECT set_config('role', 'butterbase_service', true)) SELECT * FROM x, private_notes",
  "UPDATE pg_settings SET setting = 'butterbase_service' WHERE name = 'role'",
  "GRANT butterbase_service TO butterbase_user",
  "ALTER ROLE butterbase_user BYPASSRLS",
  // Another user.
  "SET mayfly.claims = '6361726f6c.1.99999999999.00'",
  "SELECT set_config('mayfly.claims', '6361726f6c.1.99999999999.00', false)",
  "SELECT * FROM mayfly.claims_key",
  "SELECT current_setting('mayfly.claims')",
  // No policy.
  "ALTER TABLE private_notes DISABLE ROW LEVEL SECURITY",
  "ALTER TABLE private_notes NO FORCE ROW LEVEL SECURITY",
  "DROP POLICY own ON private_notes",
  "SET row_security = off",
  // Control of the transaction or the session.
  "COMMIT",
  "ROLLBACK AND CHAIN",
  "SELECT 1; SELECT body FROM private_notes",
  "PREPARE p AS SELECT body FROM private_notes",
  "DECLARE c CURSOR WITH HOLD FOR SELECT body FROM private_notes",
  "CREATE TEMP TABLE private_notes (body text)",
  "DISCARD ALL",
  "LISTEN x",
  // SQL that executes text.
  "DO $$ BEGIN PERFORM 1; END $$",
  "SELECT query_to_xml('select body from private_notes', true, true, '')",
  "SELECT table_to_xml('private_notes', true, true, '')",
  "SELECT * FROM ts_stat('select body::tsvector from private_notes')",
  "COPY private_notes TO STDOUT",
  "COPY (SELECT 1) TO PROGRAM 'id'",
  // Past the policy.
  "SELECT body FROM private_notes WHERE true OR owner = 'carol'",
  "TABLE private_notes",
  "SELECT body FROM ONLY private_notes TABLESAMPLE SYSTEM (100)",
  "SELECT body FROM private_notes FOR UPDATE",
  "SELECT body FROM private_notes WHERE body::int = 1",
  "SELECT body FROM private_notes WHERE 1 / (CASE WHEN owner = 'carol' THEN 0 ELSE 1 END) = 1",
  "SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'private_notes'",
  "SELECT * FROM pg_statistic",
  "INSERT INTO private_notes (owner, body) VALUES ('carol', 'forged')",
  "UPDATE private_notes SET body = 'forged' WHERE owner = 'carol' RETURNING *",
  "DELETE FROM private_notes WHERE owner <> current_user_id() RETURNING body",
  "MERGE INTO private_notes p USING (VALUES ('carol')) v (o) ON p.owner = v.o WHEN MATCHED THEN DELETE",
  "EXPLAIN (ANALYZE, VERBOSE) SELECT body FROM private_notes WHERE owner = 'carol'",
  "SELECT * FROM _idempotency_keys",
  // Resources shared by all apps.
  "SELECT pg_advisory_lock(1)",
  "SELECT pg_terminate_backend(pg_backend_pid())",
  "SELECT pg_read_file('/etc/passwd')",
  "SELECT lo_import('/etc/passwd')",
  "SELECT * FROM pg_stat_activity",
  "SELECT * FROM pg_authid",
];

interface Report {
  attacks: number;
  refused: number;
  ran: number;
  leaked: number;
}

async function attack({ db }: Context, me: string): Promise<Report> {
  const report: Report = { attacks: 0, refused: 0, ran: 0, leaked: 0 };
  const look = async (run: () => Promise<unknown>): Promise<void> => {
    report.attacks++;
    try {
      const seen = JSON.stringify(await run());
      report.ran++;
      if (seen.includes(SECRET)) report.leaked++;
    } catch (error) {
      report.refused++;
      if (String((error as Error).message).includes(SECRET)) report.leaked++;
    }
    // After a successful attack the identity would differ, or more rows would be visible.
    const { rows } = await db.query<{ id: string; others: number }>(
      "SELECT current_user_id() AS id, count(*) FILTER (WHERE owner <> $1) AS others FROM private_notes",
      [me],
    );
    if (rows[0]?.id !== me || rows[0].others !== 0) report.leaked++;
  };
  for (const sql of ATTACKS) {
    await look(() => db.query(sql));
    await look(() => db.tx(async (tx) => [await tx.query(sql), await tx.query("SELECT * FROM private_notes")]));
  }
  return report;
}
