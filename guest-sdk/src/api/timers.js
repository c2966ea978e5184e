// setTimeout, setInterval and queueMicrotask: a timer is a host operation like any other.

import { host } from "./host.js";
import { expose, MapDelete, MapGet, MapSet, PromiseThen, ReflectApply, resolved } from "./primordials.js";

const MAX_DELAY_MS = 0x7fffffff;
const operations = new Map();
let lastId = 0;

function clamp(ms) {
  const delay = +ms;
  return delay >= 1 && delay <= MAX_DELAY_MS ? delay >>> 0 : 1;
}

/** Runs `callback` after `ms`. A background timer does not keep the invocation alive. */
export function startTimer(callback, ms, background) {
  return host.sleep(clamp(ms), background, callback);
}

/** Forgets a timer that `startTimer` started. */
export function cancelTimer(operation) {
  host.cancel(operation);
}

function schedule(name, callback, ms, args, repeat) {
  if (typeof callback !== "function") throw new TypeError(`${name} needs a function`);
  const id = ++lastId;
  const run = () => {
    if (repeat) MapSet(operations, id, startTimer(run, ms, false));
    else MapDelete(operations, id);
    ReflectApply(callback, globalThis, args);
  };
  MapSet(operations, id, startTimer(run, ms, false));
  return id;
}

function clear(id) {
  const operation = MapGet(operations, +id);
  if (operation === undefined) return;
  MapDelete(operations, +id);
  cancelTimer(operation);
}

expose("setTimeout", function setTimeout(callback, ms, ...args) {
  return schedule("setTimeout", callback, ms, args, false);
});
expose("setInterval", function setInterval(callback, ms, ...args) {
  return schedule("setInterval", callback, ms, args, true);
});
expose("clearTimeout", function clearTimeout(id) {
  clear(id);
});
expose("clearInterval", function clearInterval(id) {
  clear(id);
});
expose("queueMicrotask", function queueMicrotask(callback) {
  if (typeof callback !== "function") throw new TypeError("queueMicrotask needs a function");
  PromiseThen(resolved(undefined), () => callback());
});
