// ctx.db: SQL and parameters go to the host, rows come back as JSON and are finished here.

import { host } from "./host.js";
import { ArrayIsArray, ObjectFreeze, PromiseThen, rejected } from "./primordials.js";

const ISOLATION = { __proto__: null, "read committed": 1, "repeatable read": 2, serializable: 3 };
const BIGINT = { __proto__: null, string: 1, bigint: 2 };

const revivers = {
  __proto__: null,
  date: (value) => (value === "infinity" ? Infinity : value === "-infinity" ? -Infinity : new Date(value)),
  bytes: (value) => new Uint8Array(host.hexDecode(value)),
  number: (value) => +value,
  bigint: (value) => BigInt(value),
};

function revive(value, reviver) {
  if (value === null) return null;
  if (!ArrayIsArray(value)) return reviver(value);
  for (let i = 0; i < value.length; i++) value[i] = revive(value[i], reviver);
  return value;
}

function finish(result, asBigint) {
  for (const [column, kind] of result.revive) {
    if (kind.startsWith("bigint") && !asBigint) continue;
    const reviver = revivers[kind.endsWith("[]") ? kind.slice(0, -2) : kind];
    for (const row of result.rows) row[column] = revive(row[column], reviver);
  }
  return { rows: result.rows, rowCount: result.rowCount, fields: result.fields };
}

function run(transaction, sql, params, options) {
  if (typeof sql !== "string") return rejected(new TypeError("query needs SQL as a string"));
  if (params !== undefined && params !== null && !ArrayIsArray(params)) {
    return rejected(new TypeError("query takes its parameters as an array"));
  }
  const mode = options?.bigint === undefined ? 0 : BIGINT[options.bigint];
  if (mode === undefined) return rejected(new TypeError("bigint is 'string' or 'bigint'"));
  let pending;
  try {
    pending = host.dbQuery(transaction, sql, params ?? [], mode !== 0);
  } catch (error) {
    return rejected(error);
  }
  return PromiseThen(pending, (result) => finish(result, mode === 2));
}

/** A template's values become parameters, in their order; its text is the statement. Nothing is ever put into the text. */
function template(transaction, strings, values) {
  if (!ArrayIsArray(strings) || !ArrayIsArray(strings.raw)) {
    return rejected(new TypeError("sql is a tag: write sql`select ... ${value}`, without parentheses"));
  }
  let text = strings[0];
  for (let i = 1; i < strings.length; i++) text += `$${i}${strings[i]}`;
  return run(transaction, text, values);
}

async function transact(work, options) {
  if (typeof work !== "function") throw new TypeError("tx needs a function");
  const isolation = options?.isolation === undefined ? 0 : ISOLATION[`${options.isolation}`.toLowerCase()];
  if (isolation === undefined) {
    throw new TypeError("isolation is 'read committed', 'repeatable read' or 'serializable'");
  }
  const transaction = await host.dbBegin(isolation, !!options?.readOnly);
  let open = true;
  const ended = () => rejected(new Error("This transaction has ended: its function has settled"));
  const tx = ObjectFreeze({
    query: (sql, params, queryOptions) => (open ? run(transaction, sql, params, queryOptions) : ended()),
    sql: (strings, ...values) => (open ? template(transaction, strings, values) : ended()),
  });
  let result;
  try {
    result = await work(tx);
  } catch (error) {
    open = false;
    try {
      await host.dbRollback(transaction);
    } catch {
      // The transaction is gone all the same, and what the function threw says more.
    }
    throw error;
  }
  open = false;
  await host.dbCommit(transaction);
  return result;
}

export const database = ObjectFreeze({
  query: (sql, params, options) => run(0, sql, params, options),
  sql: (strings, ...values) => template(0, strings, values),
  tx: (work, options) => transact(work, options),
});
