// ctx: one object in the image; everything of this invocation's is fetched on first access.

import { database } from "./database.js";
import { enqueue } from "./enqueue.js";
import { timeoutSignal } from "./events_abort.js";
import { DOMException } from "./exceptions.js";
import { host } from "./host.js";
import { idempotency } from "./idempotency.js";
import { invoke } from "./invoke.js";
import { kv } from "./kv.js";
import { JSONParse, ObjectDefineProperty, ObjectFreeze, ObjectKeys } from "./primordials.js";
import { broadcast, socketOf } from "./realtime.js";
import { storage } from "./storage.js";
import { waitUntil } from "./wait_until.js";

// How long before the deadline `ctx.signal` fires, so that there is time to act on it.
const SIGNAL_LEAD_MS = 500;

const facts = { __proto__: null };
let env = null;
let signal = null;
let socket = null;

function fact(name) {
  if (facts[name] === undefined) {
    const json = host.fact(name);
    // Not what is in it: freezing takes longer than reading does, and a payload is its function's own.
    facts[name] = json === undefined ? null : ObjectFreeze(JSONParse(json));
  }
  return facts[name];
}

export const context = { broadcast, db: database, enqueue, idempotency, invoke, kv, storage, waitUntil };

const lazy = {
  __proto__: null,
  env: () => (env ??= ObjectFreeze(JSONParse(host.env()))),
  user: () => fact("user"),
  caller: () => fact("caller"),
  app: () => fact("app"),
  request: () => fact("request"),
  trigger: () => fact("trigger"),
  socket: () => {
    const id = fact("trigger")?.socketId;
    return typeof id === "string" ? (socket ??= socketOf(id)) : null;
  },
  signal: () => {
    if (signal !== null) return signal;
    const left = host.timeLeft();
    const delay = left > 2 * SIGNAL_LEAD_MS ? left - SIGNAL_LEAD_MS : left / 2;
    signal = timeoutSignal(delay, new DOMException("The function's time is almost up.", "TimeoutError"), true);
    return signal;
  },
};
for (const name of ObjectKeys(lazy)) {
  ObjectDefineProperty(context, name, { get: lazy[name], enumerable: true, configurable: true });
}
