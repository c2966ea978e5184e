// node:async_hooks: AsyncLocalStorage and AsyncResource. The engine keeps which frame a piece of work began in: a list of
// stores, the latest first. A frame never changes.

import { host } from "../api/host.js";
import { ReflectApply } from "../api/primordials.js";
import { requireFunction, requireString } from "./errors.js";
import { FunctionBind } from "./language.js";

let lastAsyncId = 1;

function inFrame(frame, callback, self, args) {
  const outer = host.asyncFrame();
  host.enterAsyncFrame(frame);
  try {
    return ReflectApply(callback, self, args);
  } finally {
    host.enterAsyncFrame(outer);
  }
}

/** A frame within another: what it had for the key before is out of reach, and goes. */
function frameWith(outer, key, store) {
  return { __proto__: null, key, store, next: outer?.key === key ? outer.next : outer };
}

export class AsyncLocalStorage {
  // Another one makes all that was stored unknown.
  #key = {};
  #default;
  constructor(options) {
    this.#default = options?.defaultValue;
    this.name = options?.name ?? "";
    host.trackAsyncFrames();
  }
  run(store, callback, ...args) {
    return inFrame(frameWith(host.asyncFrame(), this.#key, store), callback, undefined, args);
  }
  exit(callback, ...args) {
    return inFrame(frameWith(host.asyncFrame(), this.#key, undefined), callback, undefined, args);
  }
  enterWith(store) {
    host.enterAsyncFrame(frameWith(host.asyncFrame(), this.#key, store));
  }
  getStore() {
    for (let frame = host.asyncFrame(); frame !== undefined; frame = frame.next) if (frame.key === this.#key) return frame.store;
    return this.#default;
  }
  disable() {
    this.#key = {};
  }
  static bind(callback) {
    requireFunction(callback, "fn");
    const frame = host.asyncFrame();
    return function (...args) {
      return inFrame(frame, callback, this, args);
    };
  }
  static snapshot() {
    const frame = host.asyncFrame();
    return (callback, ...args) => inFrame(frame, callback, undefined, args);
  }
}

export class AsyncResource {
  #frame = host.asyncFrame();
  #id = ++lastAsyncId;
  constructor(type) {
    requireString(type, "type");
  }
  runInAsyncScope(callback, self, ...args) {
    return inFrame(this.#frame, callback, self, args);
  }
  bind(callback) {
    requireFunction(callback, "fn");
    const frame = this.#frame;
    return function (...args) {
      return inFrame(frame, callback, this, args);
    };
  }
  emitDestroy() {
    return this;
  }
  asyncId() {
    return this.#id;
  }
  triggerAsyncId() {
    return 0;
  }
  static bind(callback, type, self) {
    const resource = new AsyncResource(type ?? (callback.name || "bound-anonymous-fn"));
    return resource.bind(self === undefined ? callback : FunctionBind(callback, self));
  }
}

export function executionAsyncId() {
  return 0;
}
export function triggerAsyncId() {
  return 0;
}
