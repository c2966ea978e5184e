/** drizzle-orm over `ctx.db`, every way that the adapter promises. */
import { drizzle } from "@mayfly/adapters/drizzle";
import type { Context } from "@mayfly/types";
import { eq, relations, sql } from "drizzle-orm";
import { boolean, integer, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";

const authors = pgTable("authors", {
  id: integer().primaryKey(),
  name: text().notNull(),
});

const books = pgTable("books", {
  id: integer().primaryKey(),
  author: integer().notNull(),
  name: text().notNull(),
  tags: text().array(),
  about: jsonb().$type<{ pages: number }>(),
  lent: boolean().notNull().default(false),
  bought: timestamp({ withTimezone: true }),
  printed: timestamp(),
});

const authorsRelations = relations(authors, ({ many }) => ({ books: many(books) }));
const booksRelations = relations(books, ({ one }) => ({
  writer: one(authors, { fields: [books.author], references: [authors.id] }),
}));
const schema = { authors, books, authorsRelations, booksRelations };

export async function handler(_req: Request, ctx: Context): Promise<Response> {
  const db = drizzle(ctx.db, { schema });
  const bought = new Date("2024-02-29T12:00:00.123Z");
  await db.insert(authors).values([{ id: 1, name: "Ada" }, { id: 2, name: "Brontë" }]);
  const inserted = await db
    .insert(books)
    .values({ id: 10, author: 2, name: "Jane", tags: ["a", 'b"'], about: { pages: 500 }, bought, printed: bought })
    .returning();
  const same = inserted[0]?.bought?.getTime() === bought.getTime() && inserted[0].printed?.getTime() === bought.getTime();

  // Both tables have a column `name`: by position, neither hides the other.
  const joined = await db.select().from(books).innerJoin(authors, eq(books.author, authors.id));
  const updated = await db.update(books).set({ lent: true }).where(eq(books.id, 10)).returning({ lent: books.lent });
  const related = await db.query.authors.findFirst({ where: eq(authors.id, 2), with: { books: { columns: { name: true } } } });

  await db.transaction(
    async (tx) => {
      await tx.insert(authors).values({ id: 3, name: "kept" });
      await tx
        .transaction(async (inner) => {
          await inner.insert(authors).values({ id: 4, name: "undone" });
          inner.rollback();
        })
        .catch(() => undefined);
      await tx.transaction((inner) => inner.insert(authors).values({ id: 5, name: "kept within" }));
    },
    { isolationLevel: "serializable" },
  );
  const refused = await db
    .transaction((tx) => tx.insert(authors).values({ id: 6, name: "refused" }), { accessMode: "read only" })
    .catch((error: { code?: string; cause?: { code?: string } }) => error.cause?.code ?? error.code);
  const failed = await db
    .insert(authors)
    .values({ id: 1, name: "twice" })
    .catch((error: { code?: string; cause?: { code?: string } }) => error.cause?.code ?? error.code);
  const raw = await db.execute(sql`select current_user::text as who, ${2}::int + 1 as three`);
  const asUser = await ctx.db.asUser("alice", (user) => drizzle(user).execute(sql`select current_user_id() as id`));

  return Response.json({
    inserted: inserted.map(({ tags, about, lent }) => ({ tags, about, lent })),
    same,
    joined: joined.map((row) => [row.books.name, row.authors.name]),
    updated,
    related,
    names: (await db.select({ id: authors.id }).from(authors).orderBy(authors.id)).map(({ id }) => id),
    count: await db.$count(books),
    refused,
    failed,
    raw,
    asUser,
  });
}
