// Small modules of Node's: what a function has of them, and stand-ins for those of which it has nothing.

import { absent, standIn } from "./absent.js";
import { EventEmitter } from "./events.js";
import { process } from "./process.js";

const { console, performance } = globalThis;
const ADDRESS4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/;

function isIPv4(text) {
  return ADDRESS4.test(`${text}`) && !`${text}`.endsWith(".");
}

function isIPv6(text) {
  if (!`${text}`.includes(":")) return false;
  try {
    return new URL(`http://[${`${text}`.split("%")[0]}]/`) !== null;
  } catch {
    return false;
  }
}

const perfHooks = {
  performance,
  PerformanceObserver: globalThis.PerformanceObserver,
  PerformanceEntry: globalThis.PerformanceEntry,
  PerformanceMark: globalThis.PerformanceMark,
  PerformanceMeasure: globalThis.PerformanceMeasure,
  constants: {},
  createHistogram: absent("node:perf_hooks", "createHistogram"),
  monitorEventLoopDelay: absent("node:perf_hooks", "monitorEventLoopDelay"),
};

function Console() {
  return console;
}

class Domain extends EventEmitter {
  add() {}
  remove() {}
  run(callback, ...args) {
    return callback(...args);
  }
  bind(callback) {
    return callback;
  }
  enter() {}
  exit() {}
}

/** By name: how each is made, when it is first imported. */
export const others = {
  __proto__: null,
  "node:perf_hooks": () => perfHooks,
  "node:console": () => Object.assign(Object.create(console), console, { Console, default: console }),
  "node:tty": () => ({ isatty: () => false, ReadStream: absent("node:tty", "ReadStream"), WriteStream: absent("node:tty", "WriteStream") }),
  "node:net": () =>
    standIn("node:net", { isIPv4, isIPv6, isIP: (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0) }),
  "node:fs": () => standIn("node:fs", { existsSync: () => false, constants: { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1 } }),
  "node:worker_threads": () =>
    standIn("node:worker_threads", {
      isMainThread: true,
      parentPort: null,
      workerData: null,
      threadId: 0,
      MessageChannel: globalThis.MessageChannel,
      MessagePort: globalThis.MessagePort,
    }),
  "node:cluster": () => standIn("node:cluster", { isMaster: true, isPrimary: true, isWorker: false, worker: null, workers: {} }),
  "node:domain": () => standIn("node:domain", { Domain, create: () => new Domain(), createDomain: () => new Domain() }),
  "node:constants": () => ({ F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, SIGINT: 2, SIGTERM: 15 }),
  "node:v8": () =>
    standIn("node:v8", {
      serialize: absent("node:v8", "serialize"),
      getHeapStatistics: () => ({ total_heap_size: 0, used_heap_size: 0, heap_size_limit: 134217728 }),
      setFlagsFromString() {},
    }),
  "node:inspector": () => standIn("node:inspector", { url: () => undefined, close() {} }),
  "node:process": () => process,
};
