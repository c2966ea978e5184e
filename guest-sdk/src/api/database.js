// ctx.db: SQL and parameters go to the host, rows come back as JSON and are finished here.

import { enqueueIn } from "./enqueue.js";
import { host } from "./host.js";
import {
  ArrayIsArray,
  NumberIsInteger,
  ObjectFreeze,
  rejected,
  resolved,
  StringEndsWith,
  StringSlice,
  StringStartsWith,
  StringToLowerCase,
  SymbolAsyncIterator,
  uponPromise,
} from "./primordials.js";
import { ENDED, failure, LEFT, NESTED, withinTransaction } from "./transactions.js";

const ISOLATION = { __proto__: null, "read committed": 1, "repeatable read": 2, serializable: 3 };
const BIGINT = { __proto__: null, string: 1, bigint: 2 };
const ROWS_AS_ARRAYS = 2;
const BATCH_SIZE = 500;
const BATCH_SIZE_MAX = 10_000;

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
  const { revive: columns, rows } = result;
  for (let i = 0; i < columns.length; i++) {
    const { 0: column, 1: kind } = columns[i];
    if (StringStartsWith(kind, "bigint") && !asBigint) continue;
    const reviver = revivers[StringEndsWith(kind, "[]") ? StringSlice(kind, 0, -2) : kind];
    for (let at = 0; at < rows.length; at++) rows[at][column] = revive(rows[at][column], reviver);
  }
  return { rows, rowCount: result.rowCount, fields: result.fields };
}

const finishWithStrings = (result) => finish(result, false);
const finishWithBigints = (result) => finish(result, true);
const NO_PARAMS = [];

/** A statement as it is sent, or what is wrong with it. */
function check(sql, params, options) {
  if (typeof sql !== "string") throw new TypeError("query needs SQL as a string");
  if (params !== undefined && params !== null && !ArrayIsArray(params)) {
    throw new TypeError("query takes its parameters as an array");
  }
  const bigint = options?.bigint === undefined ? 0 : BIGINT[options.bigint];
  if (bigint === undefined) throw new TypeError("bigint is 'string' or 'bigint'");
  const rowMode = options?.rowMode;
  if (rowMode !== undefined && rowMode !== "array") throw new TypeError("rowMode is 'array', or left out");
  const flags = (bigint === 0 ? 0 : 1) | (rowMode === undefined ? 0 : ROWS_AS_ARRAYS);
  return { sql, params: params ?? NO_PARAMS, flags, asBigint: bigint === 2 };
}

// A source is where statements go: a `transaction` by number, or 0 and the `actor` they run as; `closed` says why none may go there now.
const OWN = { transaction: 0, actor: null, closed: null };

function run(source, sql, params, options) {
  if (source.closed !== null) return rejected(failure(source.closed));
  try {
    const { flags, asBigint, params: values } = check(sql, params, options);
    return host.dbQuery(source.transaction, source.actor, flags, sql, values, asBigint ? finishWithBigints : finishWithStrings);
  } catch (error) {
    return rejected(error);
  }
}

/** A template's values become parameters, in their order; its text is the statement. Nothing is ever put into the text. */
function template(source, strings, values) {
  if (!ArrayIsArray(strings) || !ArrayIsArray(strings.raw)) {
    return rejected(new TypeError("sql is a tag: write sql`select ... ${value}`, without parentheses"));
  }
  let text = strings[0];
  for (let i = 1; i < strings.length; i++) text += `$${i}${strings[i]}`;
  return run(source, text, values);
}

/** Rows as they are asked for: the host reads a batch when the one before it is used up. */
function stream(source, sql, params, options) {
  const statement = check(sql, params, options);
  const size = options?.batchSize ?? BATCH_SIZE;
  if (!NumberIsInteger(size) || size < 1 || size > BATCH_SIZE_MAX) {
    throw new TypeError(`batchSize is a whole number from 1 to ${BATCH_SIZE_MAX}`);
  }
  return ObjectFreeze({ [SymbolAsyncIterator]: () => iterate(source, statement, size) });
}

/** Not a generator: leaving one ends it a moment later, and whatever comes after the loop would come first. */
function iterate(source, { sql, params, flags, asBigint }, size) {
  let number = 0;
  let rows = [];
  let at = 0;
  let over = false;
  // Calls of `next` that wait for each other.
  let waiting = 0;
  let turn = resolved();

  async function advance() {
    try {
      while (at === rows.length && !over) {
        if (number === 0) {
          if (source.closed !== null) throw failure(source.closed);
          number = await host.dbOpen(source.transaction, source.actor, flags, sql, params);
          if (over) await close();
        } else {
          const batch = await host.dbFetch(number, size);
          if (over) break;
          over = batch.isLast;
          ({ rows } = batch.revive === undefined ? batch : finish(batch, asBigint));
          at = 0;
        }
      }
    } catch (error) {
      over = true;
      throw error;
    }
    return at < rows.length ? { value: rows[at++], done: false } : { value: undefined, done: true };
  }

  // One that has failed is closed already.
  const close = () => uponPromise(host.dbClose(number), undefined, () => undefined);
  const leave = () => {
    waiting -= 1;
  };
  return {
    next() {
      if (waiting === 0 && at < rows.length) return resolved({ value: rows[at++], done: false });
      waiting += 1;
      const row = uponPromise(turn, advance);
      turn = uponPromise(row, leave, leave);
      return row;
    },
    return(value) {
      const open = !over && number !== 0;
      over = true;
      rows = [];
      at = 0;
      return uponPromise(open ? close() : resolved(), () => ({ value, done: true }));
    },
    [SymbolAsyncIterator]() {
      return this;
    },
  };
}

/** Runs `work` in a transaction that is open: keeps it when `work` resolves, undoes it when it throws. */
async function finishTransaction(source, work, keep, undo) {
  let result;
  try {
    result = await withinTransaction(source, work, transactionFacade(source));
    // Committing it now would keep half of what the inner one was going to do.
    if (source.closed !== null) throw failure(["25002", "The function returned while a transaction within its own was open"]);
  } catch (error) {
    source.closed = ENDED;
    try {
      await undo();
    } catch {
      // The transaction is gone all the same, and what the function threw says more.
    }
    throw error;
  }
  source.closed = ENDED;
  return keep(result);
}

/** Runs `work` in a transaction that the host has begun for a claim, under this number. */
export function inTransaction(transaction, actor, work, keep) {
  return finishTransaction({ transaction, actor, closed: null }, work, keep, () => host.dbRollback(transaction));
}

async function transact({ actor }, work, options) {
  const isolation = options?.isolation === undefined ? 0 : ISOLATION[StringToLowerCase(`${options.isolation}`)];
  if (isolation === undefined) {
    throw new TypeError("isolation is 'read committed', 'repeatable read' or 'serializable'");
  }
  const transaction = await host.dbBegin(actor, isolation, !!options?.readOnly);
  return inTransaction(transaction, actor, work, async (result) => {
    await host.dbCommit(transaction);
    return result;
  });
}

/** A savepoint within a transaction: rolled back alone, committed only with the ones around it. */
async function nest(outer, work, options) {
  if (options?.isolation !== undefined || options?.readOnly !== undefined) {
    throw new TypeError("isolation and readOnly are chosen where the outermost transaction begins");
  }
  const { transaction, actor } = outer;
  outer.closed = NESTED;
  try {
    await host.dbSavepoint(transaction);
    const keep = async (result) => {
      await host.dbRelease(transaction);
      return result;
    };
    return await finishTransaction({ transaction, actor, closed: null }, work, keep, () => host.dbRollbackTo(transaction));
  } finally {
    if (outer.closed === NESTED) outer.closed = null;
  }
}

async function tx(source, work, options) {
  if (typeof work !== "function") throw new TypeError("tx needs a function");
  if (source.closed !== null) throw failure(source.closed);
  return source.transaction === 0 ? transact(source, work, options) : nest(source, work, options);
}

const queryOf = (source) => (sql, params, options) => run(source, sql, params, options);

function facade(source, query) {
  return {
    query,
    sql: (strings, ...values) => template(source, strings, values),
    stream: (sql, params, options) => stream(source, sql, params, options),
    tx: (work, options) => tx(source, work, options),
  };
}

function transactionFacade(source) {
  const enqueue = (name, payload, options) => enqueueIn("tx.enqueue(name, payload, options)", source, name, payload, options);
  return ObjectFreeze({ ...facade(source, queryOf(source)), enqueue });
}

/** Gives `work` the database under another identity. The host decides whether that is allowed, now and with every statement. */
async function actAs(actor, work) {
  if (typeof work !== "function") throw new TypeError("asUser and asAnon need a function");
  await host.dbActAs(actor);
  const source = { transaction: 0, actor, closed: null };
  try {
    return await work(ObjectFreeze(facade(source, queryOf(source))));
  } finally {
    source.closed = LEFT;
  }
}

export const database = ObjectFreeze({
  // The common call of all is the host's, which leaves to this one what is not a statement with an array of parameters.
  ...facade(OWN, host.dbOwnQuery(queryOf(OWN), finishWithStrings)),
  asUser: async (id, work) => {
    if (typeof id !== "string") throw new TypeError("asUser needs the user's id as a string");
    return actAs(id, work);
  },
  asAnon: (work) => actAs(false, work),
});
