// A kysely dialect over ctx.db.

import { PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";

const ROLLED_BACK = Symbol("rolled back");

/**
 * A transaction that begins and ends by calls, where `ctx.db.tx` has one that lasts as long as a function: the function
 * given to it waits for the call that ends it.
 */
function open(source, name, options) {
  return new Promise((opened, failed) => {
    const level = { name };
    const work = (tx) =>
      new Promise((keep, undo) => {
        Object.assign(level, { tx, keep, undo });
        opened(level);
      });
    level.ended = source.tx(work, options);
    // Once it is open, its end reports the failure.
    level.ended.catch(failed);
  });
}

class Connection {
  #db;
  #levels = [];

  constructor(db) {
    this.#db = db;
  }

  get #source() {
    return this.#levels.at(-1)?.tx ?? this.#db;
  }

  async executeQuery({ sql, parameters }) {
    const { rows, rowCount } = await this.#source.query(sql, parameters);
    return { rows, numAffectedRows: rowCount === null ? undefined : BigInt(rowCount) };
  }

  async *streamQuery({ sql, parameters }, chunkSize = 100) {
    let rows = [];
    for await (const row of this.#source.stream(sql, parameters, { batchSize: chunkSize })) {
      if (rows.push(row) === chunkSize) {
        yield { rows };
        rows = [];
      }
    }
    if (rows.length > 0) yield { rows };
  }

  async begin(name, options) {
    this.#levels.push(await open(this.#source, name, options));
  }

  async commit() {
    const { keep, ended } = this.#levels.pop();
    keep();
    await ended;
  }

  async rollback() {
    const { undo, ended } = this.#levels.pop();
    undo(ROLLED_BACK);
    try {
      await ended;
    } catch (error) {
      if (error !== ROLLED_BACK) throw error;
    }
  }

  /** Ends what is within the savepoint of this name; the innermost one, where several have it. */
  async unwind(name, end) {
    const at = this.#levels.findLastIndex((level) => level.name === name);
    if (at < 0) throw new Error(`There is no savepoint "${name}"`);
    while (this.#levels.length > at) await end.call(this);
  }

  async close() {
    while (this.#levels.length > 0) await this.rollback();
  }
}

class MayflyDriver {
  #db;

  constructor(db) {
    this.#db = db;
  }

  async init() {}

  async destroy() {}

  async acquireConnection() {
    return new Connection(this.#db);
  }

  releaseConnection(connection) {
    return connection.close();
  }

  beginTransaction(connection, { isolationLevel, accessMode }) {
    // PostgreSQL treats `read uncommitted` as `read committed`.
    const isolation = isolationLevel === "read uncommitted" ? "read committed" : isolationLevel;
    const readOnly = accessMode === undefined ? undefined : accessMode === "read only";
    return connection.begin(undefined, { isolation, readOnly });
  }

  commitTransaction(connection) {
    return connection.unwind(undefined, connection.commit);
  }

  rollbackTransaction(connection) {
    return connection.close();
  }

  savepoint(connection, name) {
    return connection.begin(name);
  }

  releaseSavepoint(connection, name) {
    return connection.unwind(name, connection.commit);
  }

  async rollbackToSavepoint(connection, name) {
    await connection.unwind(name, connection.rollback);
    // It stays: one may come back to it again.
    await connection.begin(name);
  }
}

/** A dialect whose statements `db` runs: `ctx.db`, a transaction, or what `ctx.db.asUser` gives. */
export class MayflyDialect {
  #db;

  constructor(db) {
    this.#db = db;
  }

  createAdapter() {
    return new PostgresAdapter();
  }

  createDriver() {
    return new MayflyDriver(this.#db);
  }

  createQueryCompiler() {
    return new PostgresQueryCompiler();
  }

  createIntrospector(db) {
    return new PostgresIntrospector(db);
  }
}
