// drizzle-orm over ctx.db. It stands on drizzle's driver for a database behind a function, and adds transactions.

import { createTableRelationsHelpers, DefaultLogger, entityKind, extractTablesRelationalConfig } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { PgProxyTransaction, PgRemoteDatabase, PgRemoteSession } from "drizzle-orm/pg-proxy";

/** Two selected columns may have one name, so drizzle reads rows by position. */
const runner = (db) => (sql, params, method) => db.query(sql, params, method === "all" ? { rowMode: "array" } : undefined);

function optionsOf({ isolationLevel, accessMode, deferrable } = {}) {
  if (deferrable) throw new TypeError("deferrable transactions are not supported");
  // PostgreSQL treats `read uncommitted` as `read committed`.
  const isolation = isolationLevel === "read uncommitted" ? "read committed" : isolationLevel;
  return { isolation, readOnly: accessMode === undefined ? undefined : accessMode === "read only" };
}

class MayflySession extends PgRemoteSession {
  static [entityKind] = "MayflySession";
  #db;
  #parts;

  constructor(db, dialect, schema, options) {
    super(runner(db), dialect, schema, options);
    this.#db = db;
    this.#parts = { dialect, schema, options };
  }

  transaction(work, config, depth = 0) {
    const { dialect, schema, options } = this.#parts;
    return this.#db.tx((tx) => {
      const session = new MayflySession(tx, dialect, schema, options);
      return work(new MayflyTransaction(dialect, session, schema, depth));
    }, optionsOf(config));
  }
}

class MayflyTransaction extends PgProxyTransaction {
  static [entityKind] = "MayflyTransaction";
  #session;

  constructor(dialect, session, schema, depth) {
    super(dialect, session, schema, depth);
    this.#session = session;
  }

  transaction(work) {
    return this.#session.transaction(work, undefined, this.nestedIndex + 1);
  }
}

/** A drizzle database whose statements `db` runs: `ctx.db`, a transaction, or what `ctx.db.asUser` gives. */
export function drizzle(db, { schema, casing, logger, cache } = {}) {
  const dialect = new PgDialect({ casing });
  let relational;
  if (schema) {
    const { tables, tableNamesMap } = extractTablesRelationalConfig(schema, createTableRelationsHelpers);
    relational = { fullSchema: schema, schema: tables, tableNamesMap };
  }
  const log = logger === true ? new DefaultLogger() : logger || undefined;
  const session = new MayflySession(db, dialect, relational, { logger: log, cache });
  return new PgRemoteDatabase(dialect, session, relational);
}
