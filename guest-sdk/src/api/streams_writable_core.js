// Writable streams: the abstract operations of the Streams Standard on streams and writers, over plain records.

import { newQueue, queueDrain, queueLength, queuePush, queueShift } from "./queue.js";
import { pendingSlot, rejectedSlot, rejectSlot, resolvedSlot, resolveSlot } from "./streams_common.js";
import { following, rejected, uponPromise } from "./primordials.js";

export const WRITABLE = "writable";
export const ERRORING = "erroring";
export const ERRORED = "errored";
export const CLOSED = "closed";

/** A stream without its controller. */
export function newWritable() {
  return {
    __proto__: null,
    object: null,
    state: WRITABLE,
    storedError: undefined,
    writer: null,
    controller: null,
    writeRequests: newQueue(),
    inFlightWrite: null,
    closeRequest: null,
    inFlightClose: null,
    pendingAbort: null,
    backpressure: false,
  };
}

export function isWritableLocked(stream) {
  return stream.writer !== null;
}

export function writableAbort(stream, given) {
  if (stream.state === CLOSED || stream.state === ERRORED) return following(undefined);
  stream.controller.abortSignal(given);
  // A listener of the signal may have ended the stream.
  if (stream.state === CLOSED || stream.state === ERRORED) return following(undefined);
  if (stream.pendingAbort !== null) return stream.pendingAbort.slot.promise;
  const wasErroring = stream.state === ERRORING;
  const reason = wasErroring ? undefined : given;
  const slot = pendingSlot();
  stream.pendingAbort = { __proto__: null, slot, reason, wasErroring };
  if (!wasErroring) startErroring(stream, reason);
  return slot.promise;
}

export function writableClose(stream) {
  if (stream.state === CLOSED || stream.state === ERRORED) {
    return rejected(new TypeError(`A stream that is ${stream.state} cannot be closed`));
  }
  const slot = pendingSlot();
  stream.closeRequest = slot;
  if (stream.writer !== null && stream.backpressure && stream.state === WRITABLE) resolveSlot(stream.writer.ready);
  stream.controller.close();
  return slot.promise;
}

export function closeQueuedOrInFlight(stream) {
  return stream.closeRequest !== null || stream.inFlightClose !== null;
}

export function dealWithRejection(stream, error) {
  if (stream.state === WRITABLE) startErroring(stream, error);
  else finishErroring(stream);
}

export function startErroring(stream, reason) {
  stream.state = ERRORING;
  stream.storedError = reason;
  if (stream.writer !== null) ensureReadyRejected(stream.writer, reason);
  const inFlight = stream.inFlightWrite !== null || stream.inFlightClose !== null;
  if (!inFlight && stream.controller.started) finishErroring(stream);
}

export function finishErroring(stream) {
  stream.state = ERRORED;
  stream.controller.errorSteps();
  const requests = queueDrain(stream.writeRequests);
  for (let i = 0; i < requests.length; i++) requests[i].reject(stream.storedError);
  const abort = stream.pendingAbort;
  if (abort === null) {
    rejectCloseAndClosed(stream);
    return;
  }
  stream.pendingAbort = null;
  if (abort.wasErroring) {
    abort.slot.reject(stream.storedError);
    rejectCloseAndClosed(stream);
    return;
  }
  uponPromise(
    stream.controller.abortSteps(abort.reason),
    () => {
      abort.slot.resolve(undefined);
      rejectCloseAndClosed(stream);
    },
    (reason) => {
      abort.slot.reject(reason);
      rejectCloseAndClosed(stream);
    },
  );
}

function rejectCloseAndClosed(stream) {
  if (stream.closeRequest !== null) {
    stream.closeRequest.reject(stream.storedError);
    stream.closeRequest = null;
  }
  if (stream.writer !== null) rejectSlot(stream.writer.closed, stream.storedError);
}

export function markFirstWriteInFlight(stream) {
  stream.inFlightWrite = queueShift(stream.writeRequests);
}

export function markCloseInFlight(stream) {
  stream.inFlightClose = stream.closeRequest;
  stream.closeRequest = null;
}

export function finishWrite(stream) {
  stream.inFlightWrite.resolve(undefined);
  stream.inFlightWrite = null;
}

export function finishWriteWithError(stream, error) {
  stream.inFlightWrite.reject(error);
  stream.inFlightWrite = null;
  dealWithRejection(stream, error);
}

export function finishClose(stream) {
  stream.inFlightClose.resolve(undefined);
  stream.inFlightClose = null;
  if (stream.state === ERRORING) {
    stream.storedError = undefined;
    if (stream.pendingAbort !== null) {
      stream.pendingAbort.slot.resolve(undefined);
      stream.pendingAbort = null;
    }
  }
  stream.state = CLOSED;
  if (stream.writer !== null) resolveSlot(stream.writer.closed);
}

export function finishCloseWithError(stream, error) {
  stream.inFlightClose.reject(error);
  stream.inFlightClose = null;
  if (stream.pendingAbort !== null) {
    stream.pendingAbort.slot.reject(error);
    stream.pendingAbort = null;
  }
  dealWithRejection(stream, error);
}

export function updateBackpressure(stream, backpressure) {
  const { writer } = stream;
  if (writer !== null && backpressure !== stream.backpressure) {
    if (backpressure) writer.ready = pendingSlot();
    else resolveSlot(writer.ready);
  }
  stream.backpressure = backpressure;
}

/** A writer that holds the lock. */
export function acquireWriter(stream) {
  if (isWritableLocked(stream)) throw new TypeError("The stream is locked to a writer");
  const { state, storedError } = stream;
  const writer = { __proto__: null, object: null, stream, ready: null, closed: null };
  stream.writer = writer;
  if (state === WRITABLE) {
    const blocked = !closeQueuedOrInFlight(stream) && stream.backpressure;
    writer.ready = blocked ? pendingSlot() : resolvedSlot();
    writer.closed = pendingSlot();
  } else if (state === ERRORING) {
    writer.ready = rejectedSlot(storedError);
    writer.closed = pendingSlot();
  } else if (state === CLOSED) {
    writer.ready = resolvedSlot();
    writer.closed = resolvedSlot();
  } else {
    writer.ready = rejectedSlot(storedError);
    writer.closed = rejectedSlot(storedError);
  }
  return writer;
}

function ensureReadyRejected(writer, error) {
  if (writer.ready.pending) rejectSlot(writer.ready, error);
  else writer.ready = rejectedSlot(error);
}

function ensureClosedRejected(writer, error) {
  if (writer.closed.pending) rejectSlot(writer.closed, error);
  else writer.closed = rejectedSlot(error);
}

export function releaseWriter(writer) {
  const { stream } = writer;
  const error = new TypeError("The writer has released its lock");
  ensureReadyRejected(writer, error);
  ensureClosedRejected(writer, error);
  stream.writer = null;
  writer.stream = null;
}

export function writerClosePropagating(writer) {
  const { stream } = writer;
  if (closeQueuedOrInFlight(stream) || stream.state === CLOSED) return following(undefined);
  if (stream.state === ERRORED) return rejected(stream.storedError);
  return writableClose(stream);
}

export function writerDesiredSize(writer) {
  const { stream } = writer;
  if (stream.state === ERRORED || stream.state === ERRORING) return null;
  return stream.state === CLOSED ? 0 : stream.controller.desiredSize();
}

export function writerWrite(writer, chunk) {
  const { stream } = writer;
  const { controller } = stream;
  const size = controller.sizeOf(chunk);
  // The strategy is the author's: it may have released the lock.
  if (stream !== writer.stream) return rejected(new TypeError("The writer has released its lock"));
  if (stream.state === ERRORED) return rejected(stream.storedError);
  if (closeQueuedOrInFlight(stream) || stream.state === CLOSED) {
    return rejected(new TypeError("The stream is closing or closed and takes no more chunks"));
  }
  if (stream.state === ERRORING) return rejected(stream.storedError);
  const slot = pendingSlot();
  queuePush(stream.writeRequests, slot);
  controller.write(chunk, size);
  return slot.promise;
}

/** Writes that were queued and have not begun. */
export function pendingWrites(stream) {
  return queueLength(stream.writeRequests);
}
