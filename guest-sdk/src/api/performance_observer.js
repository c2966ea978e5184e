// PerformanceObserver: notified of marks and measures as they are made.

import { allEntries, onEntry, select } from "./performance_entries.js";
import { DOMException } from "./exceptions.js";
import { queueTask } from "./tasks.js";
import {
  ArrayPush,
  exposeInterface,
  iterate,
  ObjectFreeze,
  ReflectApply,
  SymbolIterator,
} from "./primordials.js";
import { reportException } from "./errors.js";

const GUARD = Symbol("guard");
const TYPES = { __proto__: null, mark: true, measure: true };
const SUPPORTED = ObjectFreeze(["mark", "measure"]);
// As many as an observer that is not called may miss nothing of.
const BUFFERED_MAX = 10_000;

let observers = [];

class PerformanceObserverEntryList {
  #entries;
  constructor(guard, entries) {
    if (guard !== GUARD) throw new TypeError("Illegal constructor");
    this.#entries = entries;
  }
  getEntries() {
    return select(this.#entries, undefined, undefined);
  }
  getEntriesByType(type) {
    const entries = this.#entries;
    if (arguments.length === 0) throw new TypeError("getEntriesByType needs a type");
    return select(entries, undefined, `${type}`);
  }
  getEntriesByName(name, type = undefined) {
    const entries = this.#entries;
    if (arguments.length === 0) throw new TypeError("getEntriesByName needs a name");
    return select(entries, `${name}`, type === undefined ? undefined : `${type}`);
  }
}
Object.defineProperty(PerformanceObserverEntryList, "length", { value: 0, configurable: true });
exposeInterface(PerformanceObserverEntryList, "PerformanceObserverEntryList");

class PerformanceObserver {
  #state;
  constructor(callback) {
    if (typeof callback !== "function") throw new TypeError("PerformanceObserver needs a function");
    this.#state = { __proto__: null, object: this, callback, kind: null, types: { __proto__: null }, entries: [], queued: false, fresh: true };
  }
  static get supportedEntryTypes() {
    return SUPPORTED;
  }
  observe(options = undefined) {
    const state = this.#state;
    const { entryTypes, type, buffered } = options ?? { __proto__: null };
    if (entryTypes === undefined && type === undefined) throw new TypeError("observe needs entryTypes or a type");
    if (entryTypes !== undefined && (type !== undefined || buffered !== undefined)) {
      throw new TypeError("observe takes entryTypes alone");
    }
    setKind(state, type === undefined ? "multiple" : "single");
    if (type === undefined) observeAll(state, entryTypes);
    else observeOne(state, `${type}`, !!buffered);
  }
  disconnect() {
    const state = this.#state;
    const left = [];
    for (let i = 0; i < observers.length; i++) if (observers[i] !== state) ArrayPush(left, observers[i]);
    observers = left;
    state.entries = [];
    state.types = { __proto__: null };
    state.kind = null;
  }
  takeRecords() {
    const state = this.#state;
    const { entries } = state;
    state.entries = [];
    return select(entries, undefined, undefined);
  }
}
exposeInterface(PerformanceObserver, "PerformanceObserver");

function setKind(state, kind) {
  if (state.kind !== null && state.kind !== kind) {
    throw new DOMException("The observer observes either one type after another, or several", "InvalidModificationError");
  }
  state.kind = kind;
}

function observeAll(state, entryTypes) {
  const method = typeof entryTypes === "object" && entryTypes !== null ? entryTypes[SymbolIterator] : undefined;
  if (typeof method !== "function") throw new TypeError("entryTypes must be a sequence");
  const types = { __proto__: null };
  let known = false;
  iterate(entryTypes, method, (type) => {
    const name = `${type}`;
    if (TYPES[name]) known = types[name] = true;
  });
  if (!known) return;
  state.types = types;
  register(state);
}

function observeOne(state, type, buffered) {
  if (!TYPES[type]) return;
  state.types[type] = true;
  register(state);
  if (!buffered) return;
  const before = select(allEntries(), undefined, type);
  for (let i = 0; i < before.length; i++) enqueue(state, before[i]);
}

function register(state) {
  for (let i = 0; i < observers.length; i++) if (observers[i] === state) return;
  ArrayPush(observers, state);
}

function enqueue(state, entry) {
  if (state.entries.length < BUFFERED_MAX) ArrayPush(state.entries, entry);
  if (state.queued) return;
  state.queued = true;
  queueTask(() => notify(state));
}

function notify(state) {
  state.queued = false;
  if (state.entries.length === 0) return;
  const list = new PerformanceObserverEntryList(GUARD, state.entries);
  state.entries = [];
  const options = state.fresh ? { droppedEntriesCount: 0 } : {};
  state.fresh = false;
  try {
    ReflectApply(state.callback, state.object, [list, state.object, options]);
  } catch (error) {
    reportException(error);
  }
}

onEntry((entry, type) => {
  for (let i = 0; i < observers.length; i++) if (observers[i].types[type]) enqueue(observers[i], entry);
});
