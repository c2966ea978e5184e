// Event, EventTarget, AbortController and AbortSignal.

import { DOMException } from "./exceptions.js";
import { startTimer } from "./timers.js";
import { ArrayPush, expose, NumberIsFinite, ReflectApply, tag } from "./primordials.js";

let beginDispatch;
let endDispatch;

export class Event {
  #type;
  #target = null;
  #canceled = false;
  #stopped = false;
  #init;
  #timeStamp = Date.now();
  constructor(type, init) {
    if (arguments.length === 0) throw new TypeError("Event needs a type");
    this.#type = `${type}`;
    this.#init = init ?? {};
  }
  get type() {
    return this.#type;
  }
  get target() {
    return this.#target;
  }
  get currentTarget() {
    return this.#target;
  }
  get bubbles() {
    return !!this.#init.bubbles;
  }
  get cancelable() {
    return !!this.#init.cancelable;
  }
  get composed() {
    return !!this.#init.composed;
  }
  get defaultPrevented() {
    return this.#canceled;
  }
  get timeStamp() {
    return this.#timeStamp;
  }
  preventDefault() {
    if (this.cancelable) this.#canceled = true;
  }
  stopPropagation() {}
  stopImmediatePropagation() {
    this.#stopped = true;
  }
  static {
    beginDispatch = (event, target) => {
      event.#target = target;
      event.#stopped = false;
    };
    endDispatch = (event) => event.#stopped;
  }
}
tag(Event, "Event");

/** Errors thrown by listeners do not reach the dispatcher: they go to the console. */
let reportListenerError = () => {};
export function onListenerError(report) {
  reportListenerError = report;
}

export class EventTarget {
  #listeners = [];
  addEventListener(type, callback, options) {
    if (callback === null || callback === undefined) return;
    const capture = typeof options === "boolean" ? options : !!options?.capture;
    const signal = typeof options === "object" && options !== null ? options.signal : undefined;
    if (signal?.aborted) return;
    const name = `${type}`;
    for (const known of this.#listeners) {
      if (known.type === name && known.callback === callback && known.capture === capture) return;
    }
    const once = typeof options === "object" && options !== null && !!options.once;
    ArrayPush(this.#listeners, { type: name, callback, capture, once });
    signal?.addEventListener("abort", () => this.removeEventListener(name, callback, capture), { once: true });
  }
  removeEventListener(type, callback, options) {
    const capture = typeof options === "boolean" ? options : !!options?.capture;
    const kept = [];
    for (const known of this.#listeners) {
      const same = known.type === `${type}` && known.callback === callback && known.capture === capture;
      if (!same) ArrayPush(kept, known);
    }
    this.#listeners = kept;
  }
  dispatchEvent(event) {
    if (!(event instanceof Event)) throw new TypeError("dispatchEvent needs an Event");
    beginDispatch(event, this);
    const handler = this[`on${event.type}`];
    if (typeof handler === "function") callListener(handler, this, event);
    for (const listener of [...this.#listeners]) {
      if (listener.type !== event.type || endDispatch(event)) continue;
      if (listener.once) this.removeEventListener(listener.type, listener.callback, listener.capture);
      const { callback } = listener;
      if (typeof callback === "function") callListener(callback, this, event);
      else if (typeof callback.handleEvent === "function") callListener(callback.handleEvent, callback, event);
    }
    return !event.defaultPrevented;
  }
}
tag(EventTarget, "EventTarget");

function callListener(callback, self, event) {
  try {
    ReflectApply(callback, self, [event]);
  } catch (error) {
    reportListenerError(error);
  }
}

const GUARD = Symbol();
let abort;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason;
  onabort = null;
  constructor(guard) {
    if (guard !== GUARD) throw new TypeError("Illegal constructor");
    super();
  }
  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }
  static abort(reason) {
    const signal = new AbortSignal(GUARD);
    abort(signal, reason);
    return signal;
  }
  static timeout(ms) {
    if (!NumberIsFinite(ms) || ms < 0) throw new TypeError("AbortSignal.timeout needs a number of milliseconds");
    return timeoutSignal(ms, new DOMException("The operation timed out.", "TimeoutError"));
  }
  static any(signals) {
    const signal = new AbortSignal(GUARD);
    const sources = [...signals];
    for (const source of sources) {
      if (source.aborted) {
        abort(signal, source.reason);
        return signal;
      }
    }
    for (const source of sources) {
      source.addEventListener("abort", () => abort(signal, source.reason), { once: true });
    }
    return signal;
  }
  static {
    abort = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
      signal.dispatchEvent(new Event("abort"));
    };
  }
}
tag(AbortSignal, "AbortSignal");

/** A signal that fires after `ms`, without keeping the invocation alive. */
export function timeoutSignal(ms, reason) {
  const signal = new AbortSignal(GUARD);
  startTimer(() => abort(signal, reason), ms, true);
  return signal;
}

export class AbortController {
  #signal = new AbortSignal(GUARD);
  get signal() {
    return this.#signal;
  }
  abort(reason) {
    abort(this.#signal, reason);
  }
}
tag(AbortController, "AbortController");

expose("Event", Event);
expose("EventTarget", EventTarget);
expose("AbortSignal", AbortSignal);
expose("AbortController", AbortController);
