// ctx.enqueue: a job for another function of the app, committed with the transaction around it.

import { host } from "./host.js";
import {
  DateGetTime,
  JSONStringify,
  NumberIsFinite,
  NumberIsInteger,
  RegExpTest,
  rejected,
  uponPromise,
} from "./primordials.js";
import { failure, surroundingTransaction } from "./transactions.js";

const NAME = /^[A-Za-z0-9_-]{1,100}$/;
const ATTEMPTS_MAX = 100;
const BACKOFF_MAX = 3600;
const DELAY_MAX = 366 * 24 * 3600;
const KEY_MAX = 255;
const Date = globalThis.Date;

function seconds(call, name, value, max) {
  if (typeof value !== "number" || !NumberIsFinite(value) || value < 0 || value > max) {
    throw new TypeError(`${call}: ${name} is a number of seconds from 0 to ${max}`);
  }
  return value;
}

/** When the job may start, as the host takes it: how that is said, and milliseconds. */
function start(call, { delay, at }) {
  if (delay !== undefined && at !== undefined) throw new TypeError(`${call}: delay and at exclude each other`);
  if (at !== undefined) {
    const time = DateGetTime(new Date(at));
    if (!NumberIsFinite(time)) throw new TypeError(`${call}: at is a date, its text, or milliseconds since 1970`);
    return [2, time];
  }
  return delay === undefined ? [0, 0] : [1, seconds(call, "delay", delay, DELAY_MAX) * 1000];
}

/** Gives the job to the host: into this transaction, or by itself where it is 0. */
function submit(call, transaction, name, payload, options) {
  if (typeof name !== "string" || !RegExpTest(NAME, name)) throw new TypeError(`${call}: name is the name of a function`);
  const { attempts = 0, backoff, key } = options;
  if (attempts !== 0 && (!NumberIsInteger(attempts) || attempts < 1 || attempts > ATTEMPTS_MAX)) {
    throw new TypeError(`${call}: attempts is a whole number from 1 to ${ATTEMPTS_MAX}`);
  }
  const pause = backoff === undefined ? -1 : seconds(call, "backoff", backoff, BACKOFF_MAX);
  if (key !== undefined && (typeof key !== "string" || key.length < 1 || key.length > KEY_MAX)) {
    throw new TypeError(`${call}: key is a string of 1 to ${KEY_MAX} characters`);
  }
  const { 0: mode, 1: ms } = start(call, options);
  const job = {
    __proto__: null,
    name,
    payload: JSONStringify(payload) ?? "null",
    key: key ?? "",
    mode,
    ms,
    attempts,
    backoff: pause,
  };
  return uponPromise(host.enqueue(transaction, job), ({ id, duplicate }) => ({ id, duplicate }));
}

/** A job in this transaction, or by itself where `source` has none. */
export function enqueueIn(call, source, name, payload, options) {
  try {
    if (source !== null && source.closed !== null) throw failure(source.closed);
    return submit(call, source === null ? 0 : source.transaction, name, payload, options ?? {});
  } catch (error) {
    return rejected(error);
  }
}

/** Resolves when the job is stored; within `ctx.db.tx` it starts once that has committed. */
export function enqueue(name, payload = undefined, options = undefined) {
  try {
    host.requireInvocation("ctx.enqueue");
    return enqueueIn("ctx.enqueue(name, payload, options)", surroundingTransaction(), name, payload, options);
  } catch (error) {
    return rejected(error);
  }
}
