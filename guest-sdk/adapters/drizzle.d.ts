import type { Queryable } from "@mayfly/types";
import type { DrizzleConfig } from "drizzle-orm";
import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy";

/** A drizzle database whose statements `db` runs: `ctx.db`, a transaction, or what `ctx.db.asUser` gives. */
export declare function drizzle<Schema extends Record<string, unknown> = Record<string, never>>(
  db: Queryable,
  config?: DrizzleConfig<Schema>,
): PgRemoteDatabase<Schema>;
