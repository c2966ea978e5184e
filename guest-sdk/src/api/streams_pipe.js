// pipeTo: chunks from a readable stream into a writable one, with errors and ends passed on.

import { abortReason, addAbortAlgorithm, isAborted } from "./events_abort.js";
import { acquireReader, CLOSED as READ_CLOSED, DEFAULT, ERRORED as READ_ERRORED, READABLE, readableCancel, readChunk, releaseReader } from "./streams_readable_core.js";
import {
  acquireWriter,
  CLOSED,
  closeQueuedOrInFlight,
  ERRORED,
  releaseWriter,
  WRITABLE,
  writableAbort,
  writerClosePropagating,
  writerDesiredSize,
  writerWrite,
} from "./streams_writable_core.js";
import { adoptable, ArrayPush, deferred, following, markHandled, uponPromise } from "./primordials.js";

export function pipe(source, dest, { preventClose, preventAbort, preventCancel, signal }) {
  const { promise, resolve, reject } = deferred();
  const state = {
    __proto__: null,
    source,
    dest,
    reader: acquireReader(source, DEFAULT),
    writer: acquireWriter(dest),
    shuttingDown: false,
    currentWrite: following(undefined),
    stopListening: () => {},
    resolve,
    reject,
  };
  source.disturbed = true;
  if (signal !== undefined && listen(state, signal, preventAbort, preventCancel)) return promise;
  watch(state, preventClose, preventAbort, preventCancel);
  loop(state);
  return promise;
}

/** Stops when the signal is aborted; `true` when it is already. */
function listen(state, signal, preventAbort, preventCancel) {
  const { source, dest } = state;
  const onAbort = () => {
    const error = abortReason(signal);
    const actions = [];
    if (!preventAbort) {
      ArrayPush(actions, () => (dest.state === WRITABLE ? writableAbort(dest, error) : following(undefined)));
    }
    if (!preventCancel) {
      ArrayPush(actions, () => (source.state === READABLE ? readableCancel(source, error) : following(undefined)));
    }
    shutdownWith(state, () => all(actions), true, error);
  };
  if (isAborted(signal)) {
    onAbort();
    return true;
  }
  state.stopListening = addAbortAlgorithm(signal, onAbort);
  return false;
}

/** Runs all actions; a promise that is fulfilled when all are, and rejected when one is. */
function all(actions) {
  const { promise, resolve, reject } = deferred();
  let left = actions.length;
  if (left === 0) resolve(undefined);
  for (let i = 0; i < actions.length; i++) {
    uponPromise(
      actions[i](),
      () => {
        left -= 1;
        if (left === 0) resolve(undefined);
      },
      reject,
    );
  }
  return promise;
}

function watch(state, preventClose, preventAbort, preventCancel) {
  const { source, dest, reader, writer } = state;
  // Errors forward.
  whenErrored(source.state === READ_ERRORED, source, reader.closed.promise, (error) => {
    if (preventAbort) shutdown(state, true, error);
    else shutdownWith(state, () => writableAbort(dest, error), true, error);
  });
  // Errors backward.
  whenErrored(dest.state === ERRORED, dest, writer.closed.promise, (error) => {
    if (preventCancel) shutdown(state, true, error);
    else shutdownWith(state, () => readableCancel(source, error), true, error);
  });
  // The end forward.
  const ended = () => {
    if (preventClose) shutdown(state, false);
    else shutdownWith(state, () => writerClosePropagating(writer), false);
  };
  if (source.state === READ_CLOSED) ended();
  else uponPromise(reader.closed.promise, ended, () => {});
  // The end backward.
  if (closeQueuedOrInFlight(dest) || dest.state === CLOSED) {
    const error = new TypeError("The destination is closed before all was written");
    if (preventCancel) shutdown(state, true, error);
    else shutdownWith(state, () => readableCancel(source, error), true, error);
  }
}

function whenErrored(already, stream, closed, act) {
  if (already) act(stream.storedError);
  else uponPromise(closed, undefined, act);
}

function loop(state) {
  if (state.shuttingDown) return;
  if (writerDesiredSize(state.writer) <= 0) {
    uponPromise(state.writer.ready.promise, () => loop(state), () => {});
    return;
  }
  if (state.reader.stream === null) return;
  readChunk(state.reader, {
    __proto__: null,
    chunk(chunk) {
      // Not at once: the source may be in the middle of enqueueing.
      state.currentWrite = uponPromise(following(undefined), () => adoptable(writerWrite(state.writer, chunk)));
      markHandled(state.currentWrite);
      uponPromise(following(undefined), () => loop(state));
    },
    close() {},
    error() {},
  });
}

function waitForWrites(state) {
  const waited = state.currentWrite;
  const again = () => (waited === state.currentWrite ? undefined : adoptable(waitForWrites(state)));
  return uponPromise(waited, again, again);
}

function shutdownWith(state, action, isError, error) {
  if (state.shuttingDown) return;
  state.shuttingDown = true;
  const act = () => {
    uponPromise(
      action(),
      () => finalize(state, isError, error),
      (another) => finalize(state, true, another),
    );
  };
  afterWrites(state, act);
}

function shutdown(state, isError, error) {
  if (state.shuttingDown) return;
  state.shuttingDown = true;
  afterWrites(state, () => finalize(state, isError, error));
}

function afterWrites(state, act) {
  const { dest } = state;
  if (dest.state === WRITABLE && !closeQueuedOrInFlight(dest)) uponPromise(waitForWrites(state), act);
  else act();
}

function finalize(state, isError, error) {
  releaseWriter(state.writer);
  releaseReader(state.reader);
  state.stopListening();
  if (isError) state.reject(error);
  else state.resolve(undefined);
}
