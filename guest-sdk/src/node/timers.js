// node:timers and node:timers/promises.

import { ArrayShift, ArrayPush, deferred } from "../api/primordials.js";

const { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = globalThis;

export const timers = { clearImmediate, clearInterval, clearTimeout, setImmediate, setInterval, setTimeout };

function abortError(signal) {
  const error = new Error("The operation was aborted", { cause: signal.reason });
  error.name = "AbortError";
  error.code = "ABORT_ERR";
  return error;
}

function waiting(start, stop, value, signal) {
  const { promise, resolve, reject } = deferred();
  if (signal?.aborted) reject(abortError(signal));
  else {
    const timer = start(() => resolve(value));
    signal?.addEventListener("abort", () => {
      stop(timer);
      reject(abortError(signal));
    });
  }
  return promise;
}

function later(delay = 1, value = undefined, options = undefined) {
  return waiting((done) => setTimeout(done, delay), clearTimeout, value, options?.signal);
}

function soon(value = undefined, options = undefined) {
  return waiting((done) => setImmediate(done), clearImmediate, value, options?.signal);
}

async function* every(delay = 1, value = undefined, options = undefined) {
  const due = [];
  let wake = null;
  const signal = options?.signal;
  const timer = setInterval(() => {
    ArrayPush(due, value);
    wake?.();
  }, delay);
  const stop = () => wake?.();
  signal?.addEventListener("abort", stop);
  try {
    for (;;) {
      if (signal?.aborted) throw abortError(signal);
      if (due.length > 0) yield ArrayShift(due);
      else {
        const { promise, resolve } = deferred();
        wake = resolve;
        await promise;
        wake = null;
      }
    }
  } finally {
    clearInterval(timer);
    signal?.removeEventListener("abort", stop);
  }
}

export const scheduler = { wait: (delay, options) => later(delay, undefined, options), yield: () => soon() };
export const promised = { setTimeout: later, setImmediate: soon, setInterval: every, scheduler };
