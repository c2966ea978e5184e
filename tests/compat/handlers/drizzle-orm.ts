// drizzle-orm
import { pgTable, integer, text, PgDialect } from "drizzle-orm/pg-core";
import { sql, eq } from "drizzle-orm";
const t = pgTable("t", { id: integer(), name: text() });
export default () => Response.json(new PgDialect().sqlToQuery(sql`select * from ${t} where ${eq(t.id, 1)}`).sql);
