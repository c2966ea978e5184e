// `once` and `on` of node:events: events as promises, and as an async iterator.

import { ArrayPush, ArrayShift, deferred, rejected, resolved, SymbolAsyncIterator } from "../api/primordials.js";
import { DOMException } from "../api/exceptions.js";
import { EventEmitter, listensTo } from "./events.js";
import { define } from "./language.js";

function aborted(signal) {
  const error = new DOMException("The operation was aborted", "AbortError");
  error.cause = signal.reason;
  return error;
}

/** A promise of the next event's arguments. */
export function once(emitter, name, options) {
  const signal = options?.signal;
  if (signal?.aborted) return rejected(aborted(signal));
  const { promise, resolve, reject } = deferred();
  const leaves = [];
  const leave = () => {
    for (let i = 0; i < leaves.length; i++) leaves[i]();
  };
  const end = (how, value) => {
    leave();
    how(value);
  };
  ArrayPush(leaves, listensTo(emitter, name, (...args) => end(resolve, args), true));
  if (name !== "error" && typeof emitter.on === "function") {
    ArrayPush(leaves, listensTo(emitter, "error", (error) => end(reject, error), true));
  }
  if (signal !== undefined) ArrayPush(leaves, listensTo(signal, "abort", () => end(reject, aborted(signal)), true));
  return promise;
}

/** An async iterator over all events, none of which is missed. */
export function on(emitter, name, options) {
  const signal = options?.signal;
  if (signal?.aborted) throw aborted(signal);
  const events = [];
  const waiting = [];
  const leaves = [];
  let failed = null;
  let over = false;
  const leave = () => {
    over = true;
    for (let i = 0; i < leaves.length; i++) leaves[i]();
    while (waiting.length > 0) ArrayShift(waiting).resolve({ value: undefined, done: true });
  };
  const fail = (error) => {
    if (waiting.length > 0) ArrayShift(waiting).reject(error);
    else failed = { error };
    leave();
  };
  const arrived = (...args) => {
    if (waiting.length > 0) ArrayShift(waiting).resolve({ value: args, done: false });
    else ArrayPush(events, args);
  };
  ArrayPush(leaves, listensTo(emitter, name, arrived, false));
  if (name !== "error" && typeof emitter.on === "function") ArrayPush(leaves, listensTo(emitter, "error", fail, false));
  if (signal !== undefined) ArrayPush(leaves, listensTo(signal, "abort", () => fail(aborted(signal)), true));
  return {
    next() {
      if (events.length > 0) return resolved({ value: ArrayShift(events), done: false });
      if (failed !== null) {
        const { error } = failed;
        failed = null;
        return rejected(error);
      }
      if (over) return resolved({ value: undefined, done: true });
      const next = deferred();
      ArrayPush(waiting, next);
      return next.promise;
    },
    return() {
      leave();
      return resolved({ value: undefined, done: true });
    },
    throw(error) {
      fail(error);
      return resolved({ value: undefined, done: true });
    },
    [SymbolAsyncIterator]() {
      return this;
    },
  };
}

define(EventEmitter, { once, on });
