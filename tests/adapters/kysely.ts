/** kysely over `ctx.db`, every way that the adapter promises. */
import { MayflyDialect } from "@mayfly/adapters/kysely";
import type { Context } from "@mayfly/types";
import { type Generated, Kysely, sql } from "kysely";

interface Tables {
  notes: { id: Generated<number>; body: string; made: Date | null };
}

export async function handler(_req: Request, ctx: Context): Promise<Response> {
  const db = new Kysely<Tables>({ dialect: new MayflyDialect(ctx.db) });
  const ids = async () => (await db.selectFrom("notes").select("body").orderBy("id").execute()).map(({ body }) => body);
  const inserted = await db
    .insertInto("notes")
    .values([{ body: "a", made: new Date(0) }, { body: "b", made: null }])
    .returningAll()
    .execute();
  const updated = await db.updateTable("notes").set({ body: "B" }).where("body", "=", "b").executeTakeFirst();

  await db.transaction().execute((tx) => tx.insertInto("notes").values({ body: "kept", made: null }).execute());
  const undone = await db
    .transaction()
    .execute(async (tx) => {
      await tx.insertInto("notes").values({ body: "undone", made: null }).execute();
      throw new Error("undone");
    })
    .catch((error: Error) => error.message);
  const refused = await db
    .transaction()
    .setAccessMode("read only")
    .execute((tx) => tx.deleteFrom("notes").execute())
    .catch((error: { code?: string }) => error.code);

  const tx = await db.startTransaction().setIsolationLevel("repeatable read").execute();
  await tx.insertInto("notes").values({ body: "outer", made: null }).execute();
  const point = await tx.savepoint("point").execute();
  await point.insertInto("notes").values({ body: "inner", made: null }).execute();
  await point.rollbackToSavepoint("point").execute();
  await point.insertInto("notes").values({ body: "second try", made: null }).execute();
  await point.releaseSavepoint("point").execute();
  const level = await sql<{ level: string }>`select current_setting('transaction_isolation') as level`.execute(tx);
  await tx.commit().execute();
  const abandoned = await db.startTransaction().execute();
  await abandoned.deleteFrom("notes").execute();
  await abandoned.rollback().execute();

  let streamed = 0;
  for await (const row of db.selectFrom("notes").selectAll().stream(2)) streamed += row.id > 0 ? 1 : 0;
  const deleted = await db.deleteFrom("notes").where("body", "=", "kept").executeTakeFirst();
  const tables = (await db.introspection.getTables()).map(({ name }) => name);
  const bodies = await ids();
  await db.destroy();

  return Response.json({
    inserted: inserted.map(({ body, made }) => [body, made]),
    updated: Number(updated.numUpdatedRows),
    undone,
    refused,
    level: level.rows[0]?.level,
    streamed,
    deleted: Number(deleted.numDeletedRows),
    bodies,
    introspected: tables.includes("notes"),
  });
}
