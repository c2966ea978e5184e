// AbortSignal and AbortController. The platform's own listeners are functions on a list that no author sees.

import { DOMException } from "./exceptions.js";
import { EventTarget, fire, handlerAttribute, onSignal } from "./events_target.js";
import { startTimer } from "./timers.js";
import { ArrayPush, exposeInterface, iterate, SymbolIterator } from "./primordials.js";

const GUARD = Symbol("guard");
const MAX_TIMEOUT_MS = 2 ** 53 - 1;
let recordOf;

export class AbortSignal extends EventTarget {
  #record = { __proto__: null, aborted: false, reason: undefined, algorithms: [], sources: null, dependents: null };
  constructor(guard) {
    if (guard !== GUARD) throw new TypeError("Illegal constructor");
    super();
  }
  static abort(reason = undefined) {
    const signal = newSignal();
    recordOf(signal).aborted = true;
    recordOf(signal).reason = reason === undefined ? abortError() : reason;
    return signal;
  }
  static timeout(milliseconds) {
    const ms = +milliseconds;
    if (arguments.length === 0 || !(ms > -1 && ms <= MAX_TIMEOUT_MS)) {
      throw new TypeError("AbortSignal.timeout needs a number of milliseconds");
    }
    return timeoutSignal(ms, new DOMException("The operation timed out.", "TimeoutError"), false);
  }
  static any(signals) {
    return dependentSignal(signalList(signals));
  }
  get aborted() {
    return this.#record.aborted;
  }
  get reason() {
    return this.#record.reason;
  }
  throwIfAborted() {
    if (this.#record.aborted) throw this.#record.reason;
  }
  static {
    recordOf = (value) =>
      typeof value === "object" && value !== null && #record in value ? value.#record : undefined;
  }
}
handlerAttribute(AbortSignal.prototype, "abort");
exposeInterface(AbortSignal, "AbortSignal");

function abortError() {
  return new DOMException("This operation was aborted", "AbortError");
}

/** A signal that is not aborted yet. */
export function newSignal() {
  return new AbortSignal(GUARD);
}

/** Whether `value` is an `AbortSignal`. */
export function isSignal(value) {
  return recordOf(value) !== undefined;
}

export function isAborted(signal) {
  return recordOf(signal).aborted;
}

export function abortReason(signal) {
  return recordOf(signal).reason;
}

/** Aborts a signal, and those that depend on it. */
export function abortSignal(signal, given) {
  const record = recordOf(signal);
  if (record.aborted) return;
  record.aborted = true;
  record.reason = given === undefined ? abortError() : given;
  const hit = [];
  const dependents = record.dependents ?? [];
  for (let i = 0; i < dependents.length; i++) {
    const dependent = recordOf(dependents[i]);
    if (dependent.aborted) continue;
    dependent.aborted = true;
    dependent.reason = record.reason;
    ArrayPush(hit, dependents[i]);
  }
  runAbortSteps(signal, record);
  for (let i = 0; i < hit.length; i++) runAbortSteps(hit[i], recordOf(hit[i]));
}

function runAbortSteps(signal, record) {
  const { algorithms } = record;
  record.algorithms = [];
  record.dependents = null;
  for (let i = 0; i < algorithms.length; i++) algorithms[i]();
  fire(signal, "abort");
}

/** Calls `run` when the signal is aborted, before any listener; returns the way to take that back. */
export function addAbortAlgorithm(signal, run) {
  const record = recordOf(signal);
  if (record.aborted) return () => {};
  ArrayPush(record.algorithms, run);
  return () => {
    const kept = [];
    for (let i = 0; i < record.algorithms.length; i++) {
      if (record.algorithms[i] !== run) ArrayPush(kept, record.algorithms[i]);
    }
    record.algorithms = kept;
  };
}

function signalList(signals) {
  if (typeof signals !== "object" || signals === null || typeof signals[SymbolIterator] !== "function") {
    throw new TypeError("AbortSignal.any takes several signals");
  }
  const list = [];
  iterate(signals, signals[SymbolIterator], (signal) => {
    if (!isSignal(signal)) throw new TypeError("AbortSignal.any takes signals only");
    ArrayPush(list, signal);
  });
  return list;
}

/** A signal that is aborted when one of `signals` is. */
export function dependentSignal(signals) {
  const signal = newSignal();
  const record = recordOf(signal);
  for (let i = 0; i < signals.length; i++) {
    const source = recordOf(signals[i]);
    if (!source.aborted) continue;
    record.aborted = true;
    record.reason = source.reason;
    return signal;
  }
  record.sources = [];
  for (let i = 0; i < signals.length; i++) {
    const { sources } = recordOf(signals[i]);
    // A signal that depends on others stands for them, so that all are told in the order in which they were made.
    if (sources === null) depend(signal, record, signals[i]);
    else for (let j = 0; j < sources.length; j++) depend(signal, record, sources[j]);
  }
  return signal;
}

function depend(signal, record, source) {
  for (let i = 0; i < record.sources.length; i++) if (record.sources[i] === source) return;
  ArrayPush(record.sources, source);
  ArrayPush((recordOf(source).dependents ??= []), signal);
}

onSignal((signal, remove, nothingToAdd) => {
  const record = recordOf(signal);
  if (record === undefined) throw new TypeError("signal must be an AbortSignal");
  if (record.aborted) return true;
  if (!nothingToAdd) addAbortAlgorithm(signal, remove);
  return false;
});

/** A signal that fires after `ms`. In the background it does not keep the invocation waiting. */
export function timeoutSignal(ms, reason, background) {
  const signal = newSignal();
  startTimer(() => abortSignal(signal, reason), ms, background);
  return signal;
}

export class AbortController {
  #signal = newSignal();
  get signal() {
    return this.#signal;
  }
  abort(reason = undefined) {
    abortSignal(this.#signal, reason);
  }
}
exposeInterface(AbortController, "AbortController");
