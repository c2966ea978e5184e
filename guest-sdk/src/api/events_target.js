// EventTarget, and the attributes that hold a handler, such as `onabort`. The global object is one, too.

import { DOMException } from "./exceptions.js";
import { Event, eventFlags, eventType, PHASE_AT_TARGET, PHASE_NONE, preventDefault, trusted } from "./events.js";
import { ArrayPush, exposeInterface, ObjectDefineProperty, ReflectApply } from "./primordials.js";

const global = globalThis;
const globalState = newState();
let stateOf;

function newState() {
  return { __proto__: null, listeners: [], handlers: { __proto__: null } };
}

// Set by the modules that come after this one.
let report = () => {};
let watchSignal = () => {};

/** Where what listeners throw goes. */
export function onListenerError(reporter) {
  report = reporter;
}

/** How a listener learns that its signal was aborted: `watch(signal, remove)`; `true` when it was already. */
export function onSignal(watch) {
  watchSignal = watch;
}

export class EventTarget {
  #state = newState();
  addEventListener(type, callback, options) {
    const state = stateOf(this);
    if (arguments.length < 2) throw new TypeError("addEventListener needs a type and a callback");
    const name = `${type}`;
    const { capture, once, passive, signal } = listenerOptions(options);
    requireCallback(callback);
    addListener(state, { __proto__: null, type: name, callback, capture, once, passive, removed: false }, signal);
  }
  removeEventListener(type, callback, options) {
    const state = stateOf(this);
    if (arguments.length < 2) throw new TypeError("removeEventListener needs a type and a callback");
    const capture = captureOf(options);
    const known = find(state.listeners, `${type}`, callback, capture);
    if (known !== undefined) removeListener(state, known);
  }
  dispatchEvent(event) {
    const state = stateOf(this);
    const flags = eventFlags(event);
    if (flags === undefined) throw new TypeError("dispatchEvent needs an Event");
    if (flags.dispatching || !flags.initialized) {
      throw new DOMException("The event is on its way already", "InvalidStateError");
    }
    flags.trusted = false;
    return dispatch(state, this ?? global, event, flags);
  }
  static {
    stateOf = (target) => {
      if (target === undefined || target === null || target === global) return globalState;
      return target.#state;
    };
  }
}
exposeInterface(EventTarget, "EventTarget");

function captureOf(options) {
  if (typeof options === "object" || typeof options === "function") return !!options?.capture;
  return !!options;
}

function listenerOptions(options) {
  if ((typeof options !== "object" && typeof options !== "function") || options === null) {
    return { __proto__: null, capture: !!options, once: false, passive: false, signal: undefined };
  }
  const capture = !!options.capture;
  const once = !!options.once;
  const passive = !!options.passive;
  const { signal } = options;
  return { __proto__: null, capture, once, passive, signal };
}

function requireCallback(callback) {
  if (callback === null || callback === undefined) return;
  if (typeof callback !== "function" && typeof callback !== "object") {
    throw new TypeError("A listener is a function or an object with handleEvent");
  }
}

function find(listeners, type, callback, capture) {
  for (let i = 0; i < listeners.length; i++) {
    const known = listeners[i];
    if (known.type === type && known.callback === callback && known.capture === capture) return known;
  }
  return undefined;
}

function addListener(state, listener, signal) {
  if (signal !== undefined && watchSignal(signal, () => removeListener(state, listener), listener.callback === null)) {
    return;
  }
  if (listener.callback === null || listener.callback === undefined) return;
  if (find(state.listeners, listener.type, listener.callback, listener.capture) !== undefined) return;
  ArrayPush(state.listeners, listener);
}

function removeListener(state, listener) {
  listener.removed = true;
  const kept = [];
  for (let i = 0; i < state.listeners.length; i++) {
    if (state.listeners[i] !== listener) ArrayPush(kept, state.listeners[i]);
  }
  state.listeners = kept;
}

function dispatch(state, target, event, flags) {
  const type = eventType(event);
  flags.dispatching = true;
  flags.target = target;
  flags.current = target;
  flags.phase = PHASE_AT_TARGET;
  const { listeners } = state;
  if (!flags.stopped) callAll(state, listeners, type, true, target, event, flags);
  if (!flags.stopped) callAll(state, state.listeners, type, false, target, event, flags);
  flags.phase = PHASE_NONE;
  flags.current = null;
  flags.dispatching = flags.stopped = flags.stoppedAtOnce = false;
  return !flags.canceled;
}

function callAll(state, listeners, type, capture, target, event, flags) {
  // Listeners that are added during the dispatch are not called: the list is copied by its length, and never shortened in place.
  const { length } = listeners;
  for (let i = 0; i < length; i++) {
    const listener = listeners[i];
    if (listener.removed || listener.type !== type || listener.capture !== capture) continue;
    if (flags.stoppedAtOnce) return;
    if (listener.once) removeListener(state, listener);
    flags.passive = listener.passive;
    call(listener.callback, target, event);
    flags.passive = false;
  }
}

function call(callback, target, event) {
  try {
    if (typeof callback === "function") ReflectApply(callback, target, [event]);
    else {
      const { handleEvent } = callback;
      if (typeof handleEvent !== "function") throw new TypeError("handleEvent must be a function");
      ReflectApply(handleEvent, callback, [event]);
    }
  } catch (error) {
    report(error);
  }
}

/** Dispatches an event of the platform's own; `false` when it was canceled. */
export function dispatchTrusted(target, event) {
  trusted(event);
  return dispatch(stateOf(target), target, event, eventFlags(event));
}

/** Fires a simple event. */
export function fire(target, type) {
  return dispatchTrusted(target, new Event(type));
}

/** Whether anybody listens. */
export function hasListener(target, type) {
  const { listeners } = stateOf(target);
  for (let i = 0; i < listeners.length; i++) if (listeners[i].type === type) return true;
  return false;
}

/**
 * Defines `on<type>`: a handler that takes its place among the listeners when it is first set. `invoke` calls it; by
 * default with the event, and what returns false cancels it. `whenSet` is told each time.
 */
export function handlerAttribute(object, type, invoke = callHandler, whenSet = undefined) {
  const name = `on${type}`;
  const accessor = {
    get [name]() {
      return stateOf(this).handlers[type]?.value ?? null;
    },
    set [name](value) {
      setHandler(stateOf(this), type, typeof value === "function" || (typeof value === "object" && value !== null) ? value : null, invoke);
      if (whenSet !== undefined) whenSet(this);
    },
  };
  const descriptor = Object.getOwnPropertyDescriptor(accessor, name);
  ObjectDefineProperty(object, name, { ...descriptor, enumerable: true, configurable: true });
}

function setHandler(state, type, value, invoke) {
  const known = state.handlers[type];
  if (known !== undefined && known.value !== null) {
    known.value = value;
    if (value === null) removeListener(state, known.listener);
    return;
  }
  if (value === null) return;
  const handler = { __proto__: null, value, listener: null };
  const callback = function (event) {
    if (typeof handler.value === "function") invoke(handler.value, this, event);
  };
  handler.listener = { __proto__: null, type, callback, capture: false, once: false, passive: false, removed: false };
  state.handlers[type] = handler;
  ArrayPush(state.listeners, handler.listener);
}

function callHandler(handler, target, event) {
  if (ReflectApply(handler, target, [event]) === false) preventDefault(event);
}

// The global object is a target, too.
Object.setPrototypeOf(globalThis, EventTarget.prototype);
