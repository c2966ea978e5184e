// setTimeout, setInterval, setImmediate and queueMicrotask: a timer is a host operation like any other.

import { host } from "./host.js";
import { queueTask } from "./tasks.js";
import { exposeFunction, following, MapDelete, MapGet, MapSet, ReflectApply, uponPromise } from "./primordials.js";

const operations = new Map();
const immediates = new Map();
let lastId = 0;
let report = (error) => {
  throw error;
};

/** What becomes of an error that a callback throws. */
export function onUncaught(reporter) {
  report = reporter;
}

function clamp(ms) {
  const delay = ms | 0;
  return delay >= 1 ? delay : 1;
}

/** Runs `callback` after `ms`. A background timer does not keep the invocation alive. */
export function startTimer(callback, ms, background) {
  return host.sleep(ms >= 0x7fffffff ? 0x7fffffff : clamp(ms), background, callback);
}

/** Forgets a timer that `startTimer` started. */
export function cancelTimer(operation) {
  host.cancel(operation);
}

function run(callback, args) {
  try {
    ReflectApply(callback, globalThis, args);
  } catch (error) {
    report(error);
  }
}

function schedule(name, callback, ms, args, repeat) {
  if (typeof callback !== "function") throw new TypeError(`${name} needs a function`);
  const delay = clamp(ms);
  const id = ++lastId;
  const expired = () => {
    if (!repeat) MapDelete(operations, id);
    run(callback, args);
    if (repeat && MapGet(operations, id) !== undefined) MapSet(operations, id, host.sleep(delay, false, expired));
  };
  MapSet(operations, id, host.sleep(delay, false, expired));
  return id;
}

function clear(id) {
  const operation = MapGet(operations, id | 0);
  if (operation === undefined) return;
  MapDelete(operations, id | 0);
  cancelTimer(operation);
}

exposeFunction({
  setTimeout(callback, ms = 0, ...args) {
    return schedule("setTimeout", callback, ms, args, false);
  },
});
exposeFunction({
  setInterval(callback, ms = 0, ...args) {
    return schedule("setInterval", callback, ms, args, true);
  },
});
exposeFunction({
  clearTimeout(id = 0) {
    clear(id);
  },
});
exposeFunction({
  clearInterval(id = 0) {
    clear(id);
  },
});
exposeFunction({
  setImmediate(callback, ...args) {
    if (typeof callback !== "function") throw new TypeError("setImmediate needs a function");
    host.requireInvocation("setImmediate");
    const id = ++lastId;
    MapSet(immediates, id, true);
    queueTask(() => {
      if (MapDelete(immediates, id)) run(callback, args);
    });
    return id;
  },
});
exposeFunction({
  clearImmediate(id) {
    MapDelete(immediates, +id);
  },
});
exposeFunction({
  queueMicrotask(callback) {
    if (typeof callback !== "function") throw new TypeError("queueMicrotask needs a function");
    uponPromise(following(undefined), () => {
      try {
        ReflectApply(callback, undefined, []);
      } catch (error) {
        report(error);
      }
    });
  },
});
