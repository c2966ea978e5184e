import type { Queryable } from "@mayfly/types";
import type { DatabaseIntrospector, Dialect, DialectAdapter, Driver, Kysely, QueryCompiler } from "kysely";

/** A dialect whose statements `db` runs: `ctx.db`, a transaction, or what `ctx.db.asUser` gives. */
export declare class MayflyDialect implements Dialect {
  constructor(db: Queryable);
  createAdapter(): DialectAdapter;
  createDriver(): Driver;
  createQueryCompiler(): QueryCompiler;
  createIntrospector(db: Kysely<any>): DatabaseIntrospector;
}
