import { drizzle } from "@mayfly/adapters/drizzle";
import type { Context } from "@mayfly/types";
import { eq } from "drizzle-orm";
import { integer, pgTable, text } from "drizzle-orm/pg-core";

const notes = pgTable("notes", { id: integer().primaryKey(), body: text().notNull() });

export default async (_: Request, ctx: Context): Promise<Response> => {
  const db = drizzle(ctx.db);
  await db.insert(notes).values([{ id: 1, body: "one" }, { id: 2, body: "two" }]);
  return Response.json(await db.select().from(notes).where(eq(notes.id, 2)));
};
