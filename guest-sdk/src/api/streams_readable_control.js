// The abstract operations of ReadableStreamDefaultController.

import { newQueue, queueDrain, queueLength } from "./queue.js";
import { dequeueSized, enqueueSized } from "./streams_common.js";
import {
  addRequest,
  DEFAULT,
  ERRORED,
  CLOSED,
  fulfillRequest,
  newReadable,
  READABLE,
  readableClose,
  readableError,
  waitingReads,
} from "./streams_readable_core.js";
import { following, uponPromise } from "./primordials.js";

function nothing() {
  return following(undefined);
}

/** Gives the stream a controller over `source`, a record of algorithms: `start`, `pull`, `cancel`. */
export function setUpDefaultController(stream, source, highWaterMark, size) {
  const controller = {
    __proto__: null,
    object: null,
    stream,
    queue: newQueue(),
    started: false,
    closeRequested: false,
    pulling: false,
    pullAgain: false,
    highWaterMark,
    size,
    source,
    cancelSteps(reason) {
      queueDrain(controller.queue);
      const result = controller.source.cancel(reason);
      clearAlgorithms(controller);
      return result;
    },
    pullSteps: (request) => pullSteps(controller, request),
    releaseSteps() {},
    pullInto: undefined,
  };
  stream.controller = controller;
  return controller;
}

/** Calls the source's `start`; what it throws is thrown. */
export function startReadable(controller, callPull, error) {
  const result = controller.source.start();
  uponPromise(
    following(result),
    () => {
      controller.started = true;
      callPull(controller);
    },
    (reason) => error(controller, reason),
  );
}

/** A stream of the platform's own making. */
export function createReadable(source, highWaterMark, size) {
  const stream = newReadable();
  const controller = setUpDefaultController(stream, source, highWaterMark, size);
  startReadable(controller, callPullIfNeeded, errorDefault);
  return stream;
}

function clearAlgorithms(controller) {
  controller.source = { __proto__: null, start: nothing, pull: nothing, cancel: nothing };
  controller.size = undefined;
}

function pullSteps(controller, request) {
  if (queueLength(controller.queue) === 0) {
    addRequest(controller.stream, request);
    callPullIfNeeded(controller);
    return;
  }
  const chunk = dequeueSized(controller.queue);
  if (controller.closeRequested && queueLength(controller.queue) === 0) {
    clearAlgorithms(controller);
    readableClose(controller.stream);
  } else callPullIfNeeded(controller);
  request.chunk(chunk);
}

function shouldPull(controller) {
  if (!canCloseOrEnqueue(controller) || !controller.started) return false;
  return waitingReads(controller.stream, DEFAULT) > 0 || defaultDesiredSize(controller) > 0;
}

export function callPullIfNeeded(controller) {
  pullWhere(controller, shouldPull, errorDefault);
}

/** Pulls, where `should` says so, once at a time. */
export function pullWhere(controller, should, error) {
  if (!should(controller)) return;
  if (controller.pulling) {
    controller.pullAgain = true;
    return;
  }
  controller.pulling = true;
  uponPromise(
    controller.source.pull(),
    () => {
      controller.pulling = false;
      if (!controller.pullAgain) return;
      controller.pullAgain = false;
      pullWhere(controller, should, error);
    },
    (reason) => error(controller, reason),
  );
}

export function canCloseOrEnqueue(controller) {
  return !controller.closeRequested && controller.stream.state === READABLE;
}

export function closeDefault(controller) {
  if (!canCloseOrEnqueue(controller)) return;
  controller.closeRequested = true;
  if (queueLength(controller.queue) > 0) return;
  clearAlgorithms(controller);
  readableClose(controller.stream);
}

export function enqueueDefault(controller, chunk) {
  if (!canCloseOrEnqueue(controller)) return;
  if (waitingReads(controller.stream, DEFAULT) > 0) fulfillRequest(controller.stream, chunk, false);
  else {
    try {
      enqueueSized(controller.queue, chunk, controller.size(chunk));
    } catch (error) {
      errorDefault(controller, error);
      throw error;
    }
  }
  callPullIfNeeded(controller);
}

export function errorDefault(controller, error) {
  if (controller.stream.state !== READABLE) return;
  queueDrain(controller.queue);
  clearAlgorithms(controller);
  readableError(controller.stream, error);
}

export function defaultDesiredSize(controller) {
  const { state } = controller.stream;
  if (state === ERRORED) return null;
  return state === CLOSED ? 0 : controller.highWaterMark - controller.queue.size;
}

/** Whether the queue is as full as it should get. */
export function hasBackpressure(controller) {
  return !shouldPull(controller);
}
