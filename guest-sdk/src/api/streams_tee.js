// ReadableStreamTee, for streams of any chunks.

import { closeDefault, createReadable, enqueueDefault, errorDefault } from "./streams_readable_control.js";
import { acquireReader, DEFAULT, readableCancel, readChunk } from "./streams_readable_core.js";
import { adoptable, ArrayPush, deferred, following, uponPromise } from "./primordials.js";

/** What both kinds of tee keep: who has canceled, and the promise of both. */
export function teeState() {
  const { promise, resolve } = deferred();
  return {
    __proto__: null,
    reading: false,
    canceled: [false, false],
    reasons: [undefined, undefined],
    canceledBoth: promise,
    resolve,
  };
}

/** One branch was canceled; the stream is when both are. */
export function cancelBranch(state, stream, branch, reason) {
  state.canceled[branch] = true;
  state.reasons[branch] = reason;
  if (state.canceled[1 - branch]) {
    state.resolve(adoptable(readableCancel(stream, [state.reasons[0], state.reasons[1]])));
  }
  return state.canceledBoth;
}

/** `copy` makes the second branch's chunk; without it both get the same chunk. */
export function teeDefault(stream, copy) {
  const reader = acquireReader(stream, DEFAULT);
  const state = teeState();
  const branches = [];
  let readAgain = false;
  const both = (work) => {
    for (let i = 0; i < 2; i++) if (!state.canceled[i]) work(branches[i].controller, i);
  };
  const request = {
    __proto__: null,
    chunk(chunk) {
      // In a microtask: a reader of the first branch must not run before the second has its chunk.
      queueMicrotaskFor(() => {
        readAgain = false;
        let second = chunk;
        if (!state.canceled[1] && copy !== undefined) {
          try {
            second = copy(chunk);
          } catch (error) {
            for (let i = 0; i < 2; i++) errorDefault(branches[i].controller, error);
            state.resolve(adoptable(readableCancel(stream, error)));
            return;
          }
        }
        both((controller, i) => enqueueDefault(controller, i === 0 ? chunk : second));
        state.reading = false;
        if (readAgain) pull();
      });
    },
    close() {
      state.reading = false;
      both(closeDefault);
      if (!state.canceled[0] || !state.canceled[1]) state.resolve(undefined);
    },
    error() {
      state.reading = false;
    },
  };
  const pull = () => {
    if (state.reading) {
      readAgain = true;
      return following(undefined);
    }
    state.reading = true;
    readChunk(reader, request);
    return following(undefined);
  };
  for (let i = 0; i < 2; i++) {
    const cancel = (reason) => cancelBranch(state, stream, i, reason);
    ArrayPush(branches, createReadable({ __proto__: null, start() {}, pull, cancel }, 1, () => 1));
  }
  uponPromise(reader.closed.promise, undefined, (reason) => {
    for (let i = 0; i < 2; i++) errorDefault(branches[i].controller, reason);
    if (!state.canceled[0] || !state.canceled[1]) state.resolve(undefined);
  });
  return branches;
}

/** Runs `work` as a microtask. */
export function queueMicrotaskFor(work) {
  uponPromise(following(undefined), work);
}
