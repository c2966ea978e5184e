// node:events

import { ArrayPush, ObjectGetPrototypeOf, ReflectApply, ReflectOwnKeys } from "../api/primordials.js";
import { inspect } from "../api/inspect.js";
import { failure, outOfRange, requireFunction } from "./errors.js";
import { ArraySlice, define } from "./language.js";

export const errorMonitor = Symbol("events.errorMonitor");
export const captureRejectionSymbol = Symbol.for("nodejs.rejection");
let defaultMaxListeners = 10;

/** A function and not a class: packages call it, and inherit from it, as one. */
export function EventEmitter() {
  if (this._events === undefined || this._events === ObjectGetPrototypeOf(this)._events) reset(this);
  this._maxListeners ??= undefined;
}
EventEmitter.prototype._events = undefined;
EventEmitter.prototype._eventsCount = 0;
EventEmitter.prototype._maxListeners = undefined;

function reset(emitter) {
  emitter._events = { __proto__: null };
  emitter._eventsCount = 0;
}

function add(emitter, name, listener, first) {
  requireFunction(listener, "listener");
  if (emitter._events === undefined) reset(emitter);
  if (emitter._events.newListener !== undefined) emitter.emit("newListener", name, listener.listener ?? listener);
  const events = emitter._events;
  const known = events[name];
  // One listener stands for itself.
  if (known === undefined) {
    events[name] = listener;
    emitter._eventsCount += 1;
  } else {
    const all = typeof known === "function" ? [known] : known;
    const next = first ? [listener] : [];
    for (let i = 0; i < all.length; i++) ArrayPush(next, all[i]);
    if (!first) ArrayPush(next, listener);
    events[name] = next;
  }
  return emitter;
}

/** A listener that goes before it is called. */
function onceOnly(emitter, name, listener) {
  requireFunction(listener, "listener");
  let fired = false;
  const wrapper = function (...args) {
    if (fired) return undefined;
    fired = true;
    emitter.removeListener(name, wrapper);
    return ReflectApply(listener, emitter, args);
  };
  wrapper.listener = listener;
  return wrapper;
}

function listOf(emitter, name) {
  const known = emitter._events?.[name];
  return known === undefined ? [] : typeof known === "function" ? [known] : ArraySlice(known);
}

function forget(emitter, name) {
  emitter._eventsCount -= 1;
  if (emitter._eventsCount === 0) emitter._events = { __proto__: null };
  else delete emitter._events[name];
}

function unheard(error) {
  if (error instanceof Error) return error;
  const thrown = failure("ERR_UNHANDLED_ERROR", `Unhandled error. (${typeof error === "string" ? `'${error}'` : inspect(error)})`);
  thrown.context = error;
  return thrown;
}

const METHODS = {
  on(name, listener) {
    return add(this, name, listener, false);
  },
  prependListener(name, listener) {
    return add(this, name, listener, true);
  },
  once(name, listener) {
    return this.on(name, onceOnly(this, name, listener));
  },
  prependOnceListener(name, listener) {
    return this.prependListener(name, onceOnly(this, name, listener));
  },
  removeListener(name, listener) {
    requireFunction(listener, "listener");
    const all = listOf(this, name);
    for (let i = all.length - 1; i >= 0; i--) {
      if (all[i] !== listener && all[i].listener !== listener) continue;
      if (all.length === 1) forget(this, name);
      else {
        const rest = [];
        for (let j = 0; j < all.length; j++) if (j !== i) ArrayPush(rest, all[j]);
        this._events[name] = rest.length === 1 ? rest[0] : rest;
      }
      if (this._events.removeListener !== undefined) this.emit("removeListener", name, all[i].listener ?? listener);
      break;
    }
    return this;
  },
  removeAllListeners(name) {
    if (this._events === undefined) return this;
    if (this._events.removeListener === undefined) {
      if (arguments.length === 0) reset(this);
      else if (this._events[name] !== undefined) forget(this, name);
      return this;
    }
    const names = arguments.length === 0 ? this.eventNames() : [name];
    for (let i = 0; i < names.length; i++) {
      if (arguments.length === 0 && names[i] === "removeListener") continue;
      const all = listOf(this, names[i]);
      for (let j = all.length - 1; j >= 0; j--) this.removeListener(names[i], all[j]);
    }
    if (arguments.length === 0) this.removeAllListeners("removeListener");
    return this;
  },
  emit(name, ...args) {
    const events = this._events;
    if (name === "error" && events?.[errorMonitor] !== undefined) this.emit(errorMonitor, args[0]);
    const listener = events?.[name];
    if (listener === undefined) {
      if (name === "error") throw unheard(args[0]);
      return false;
    }
    if (typeof listener === "function") ReflectApply(listener, this, args);
    // Adding or removing a listener during this makes a new list.
    else for (let i = 0; i < listener.length; i++) ReflectApply(listener[i], this, args);
    return true;
  },
  listeners(name) {
    const all = listOf(this, name);
    for (let i = 0; i < all.length; i++) all[i] = all[i].listener ?? all[i];
    return all;
  },
  rawListeners(name) {
    return listOf(this, name);
  },
  listenerCount(name, listener) {
    const all = listOf(this, name);
    if (listener === undefined) return all.length;
    let count = 0;
    for (let i = 0; i < all.length; i++) if (all[i] === listener || all[i].listener === listener) count += 1;
    return count;
  },
  eventNames() {
    return this._eventsCount > 0 ? ReflectOwnKeys(this._events) : [];
  },
  setMaxListeners(count) {
    if (typeof count !== "number" || !(count >= 0)) throw outOfRange("n", "a non-negative number", count);
    this._maxListeners = count;
    return this;
  },
  getMaxListeners() {
    return this._maxListeners ?? defaultMaxListeners;
  },
};
for (const key of Object.keys(METHODS)) EventEmitter.prototype[key] = METHODS[key];
EventEmitter.prototype.addListener = METHODS.on;
EventEmitter.prototype.off = METHODS.removeListener;

/** Whether something is an emitter by its methods, or a target of the web's. */
export function listensTo(emitter, name, listener, once) {
  if (typeof emitter?.on === "function") {
    if (once) emitter.once(name, listener);
    else emitter.on(name, listener);
    return () => emitter.removeListener(name, listener);
  }
  if (typeof emitter?.addEventListener !== "function") throw failure("ERR_INVALID_ARG_TYPE", 'The "emitter" argument must be an EventEmitter or an EventTarget');
  emitter.addEventListener(name, listener, { __proto__: null, once });
  return () => emitter.removeEventListener(name, listener);
}

export function listenerCount(emitter, name) {
  return typeof emitter.listenerCount === "function" ? emitter.listenerCount(name) : 0;
}
export function getEventListeners(emitter, name) {
  return typeof emitter.listeners === "function" ? emitter.listeners(name) : [];
}
export function getMaxListeners(emitter) {
  return typeof emitter.getMaxListeners === "function" ? emitter.getMaxListeners() : defaultMaxListeners;
}
export function setMaxListeners(count = defaultMaxListeners, ...emitters) {
  if (emitters.length === 0) defaultMaxListeners = count;
  for (let i = 0; i < emitters.length; i++) emitters[i].setMaxListeners?.(count);
}

define(EventEmitter, {
  EventEmitter,
  errorMonitor,
  captureRejectionSymbol,
  listenerCount,
  getEventListeners,
  getMaxListeners,
  setMaxListeners,
  get defaultMaxListeners() {
    return defaultMaxListeners;
  },
  set defaultMaxListeners(count) {
    defaultMaxListeners = count;
  },
});
