// The abstract operations of WritableStreamDefaultController: its queue, and the calls of its sink.

import { abortSignal, newSignal } from "./events_abort.js";
import { newQueue, queueDrain, queueLength, queuePeek } from "./queue.js";
import { dequeueSized, enqueueSized } from "./streams_common.js";
import {
  closeQueuedOrInFlight,
  dealWithRejection,
  ERRORING,
  finishClose,
  finishCloseWithError,
  finishErroring,
  finishWrite,
  finishWriteWithError,
  markCloseInFlight,
  markFirstWriteInFlight,
  newWritable,
  startErroring,
  updateBackpressure,
  WRITABLE,
} from "./streams_writable_core.js";
import { following, uponPromise } from "./primordials.js";

const CLOSE = Symbol("close");

function nothing() {
  return following(undefined);
}

/**
 * Gives the stream a controller over `sink`, a record of algorithms (`start`, `write`, `close`, `abort`) that return
 * promises.
 */
export function setUpWritableController(stream, sink, highWaterMark, size) {
  const controller = {
    __proto__: null,
    object: null,
    stream,
    queue: newQueue(),
    started: false,
    highWaterMark,
    size,
    sink,
    signal: null,
    abortSignal: (reason) => abortSignal(signalOf(controller), reason),
    abortSteps(reason) {
      const result = (controller.sink.abort ?? nothing)(reason);
      clearAlgorithms(controller);
      return result;
    },
    errorSteps: () => queueDrain(controller.queue),
    close() {
      enqueueSized(controller.queue, CLOSE, 0);
      advance(controller);
    },
    desiredSize: () => controller.highWaterMark - controller.queue.size,
    sizeOf: (chunk) => chunkSize(controller, chunk),
    write: (chunk, weight) => write(controller, chunk, weight),
  };
  stream.controller = controller;
  updateBackpressure(stream, backpressureOf(controller));
  return controller;
}

/** Calls the sink's `start`; what it throws is thrown. */
export function startWritable(controller) {
  const { stream } = controller;
  const result = controller.sink.start();
  uponPromise(
    following(result),
    () => {
      controller.started = true;
      advance(controller);
    },
    (error) => {
      controller.started = true;
      dealWithRejection(stream, error);
    },
  );
}

/** A stream of the platform's own making. */
export function createWritable(sink, highWaterMark, size) {
  const stream = newWritable();
  startWritable(setUpWritableController(stream, sink, highWaterMark, size));
  return stream;
}

/** The signal that authors see as `controller.signal`, made when it is first asked for. */
export function signalOf(controller) {
  return (controller.signal ??= newSignal());
}

function clearAlgorithms(controller) {
  controller.sink = { __proto__: null, start: nothing, write: nothing, close: nothing, abort: nothing };
  controller.size = undefined;
}

function backpressureOf(controller) {
  return controller.desiredSize() <= 0;
}

function chunkSize(controller, chunk) {
  const { size } = controller;
  if (size === undefined) return 1;
  try {
    return size(chunk);
  } catch (error) {
    errorIfNeeded(controller, error);
    return 1;
  }
}

function write(controller, chunk, weight) {
  const { stream } = controller;
  try {
    enqueueSized(controller.queue, chunk, weight);
  } catch (error) {
    errorIfNeeded(controller, error);
    return;
  }
  if (!closeQueuedOrInFlight(stream) && stream.state === WRITABLE) {
    updateBackpressure(stream, backpressureOf(controller));
  }
  advance(controller);
}

function advance(controller) {
  const { stream } = controller;
  if (!controller.started || stream.inFlightWrite !== null) return;
  if (stream.state === ERRORING) {
    finishErroring(stream);
    return;
  }
  if (queueLength(controller.queue) === 0) return;
  const { value } = queuePeek(controller.queue);
  if (value === CLOSE) processClose(controller);
  else processWrite(controller, value);
}

function processClose(controller) {
  const { stream } = controller;
  markCloseInFlight(stream);
  dequeueSized(controller.queue);
  const closing = controller.sink.close();
  clearAlgorithms(controller);
  uponPromise(
    closing,
    () => finishClose(stream),
    (error) => finishCloseWithError(stream, error),
  );
}

function processWrite(controller, chunk) {
  const { stream } = controller;
  markFirstWriteInFlight(stream);
  uponPromise(
    controller.sink.write(chunk),
    () => {
      finishWrite(stream);
      dequeueSized(controller.queue);
      if (!closeQueuedOrInFlight(stream) && stream.state === WRITABLE) {
        updateBackpressure(stream, backpressureOf(controller));
      }
      advance(controller);
    },
    (error) => {
      if (stream.state === WRITABLE) clearAlgorithms(controller);
      finishWriteWithError(stream, error);
    },
  );
}

export function errorIfNeeded(controller, error) {
  if (controller.stream.state === WRITABLE) errorWritable(controller, error);
}

export function errorWritable(controller, error) {
  clearAlgorithms(controller);
  startErroring(controller.stream, error);
}
