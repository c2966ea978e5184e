// ReadableByteStreamController: its queue, and how chunks get in and out of it (https://streams.spec.whatwg.org/#rbs-controller-class).

import { newQueue, queueDrain, queueLength, queuePeek, queuePush, queueShift } from "./queue.js";
import { transferBuffer } from "./streams_common.js";
import {
  addRequest,
  BYOB,
  CLOSED,
  DEFAULT,
  ERRORED,
  fulfillRequest,
  hasReader,
  READABLE,
  readableClose,
  readableError,
  waitingReads,
} from "./streams_readable_core.js";
import { pullWhere } from "./streams_readable_control.js";
import { commit, convert, fillFromQueue, newPullInto, processPullIntos } from "./streams_pull_into.js";
import { ArrayBufferDetached, copyBytes, following } from "./primordials.js";

function nothing() {
  return following(undefined);
}

/** Gives the stream a controller over `source`: `start`, `pull`, `cancel`. */
export function setUpByteController(stream, source, highWaterMark, autoAllocateChunkSize) {
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
    autoAllocateChunkSize,
    byobRequest: null,
    pullIntos: newQueue(),
    source,
    cancelSteps(reason) {
      clearPullIntos(controller);
      queueDrain(controller.queue);
      const result = controller.source.cancel(reason);
      clearAlgorithms(controller);
      return result;
    },
    pullSteps: (request) => pullSteps(controller, request),
    releaseSteps() {
      if (queueLength(controller.pullIntos) === 0) return;
      const first = queuePeek(controller.pullIntos);
      first.readerKind = null;
      queueDrain(controller.pullIntos);
      queuePush(controller.pullIntos, first);
    },
    pullInto: (view, min, request) => pullInto(controller, view, min, request),
  };
  stream.controller = controller;
  return controller;
}

export function clearAlgorithms(controller) {
  controller.source = { __proto__: null, start: nothing, pull: nothing, cancel: nothing };
}

function shouldPull(controller) {
  const { stream } = controller;
  if (stream.state !== READABLE || controller.closeRequested || !controller.started) return false;
  if (waitingReads(stream, DEFAULT) > 0 || waitingReads(stream, BYOB) > 0) return true;
  return byteDesiredSize(controller) > 0;
}

export function callBytePull(controller) {
  pullWhere(controller, shouldPull, errorBytes);
}

export function byteDesiredSize(controller) {
  const { state } = controller.stream;
  if (state === ERRORED) return null;
  return state === CLOSED ? 0 : controller.highWaterMark - controller.queue.size;
}

/** The request that authors saw, if any, has no view any more. */
export function invalidateRequest(controller) {
  if (controller.byobRequest === null) return;
  controller.byobRequest.controller = null;
  controller.byobRequest.view = null;
  controller.byobRequest = null;
}

function clearPullIntos(controller) {
  invalidateRequest(controller);
  queueDrain(controller.pullIntos);
}

export function errorBytes(controller, error) {
  if (controller.stream.state !== READABLE) return;
  clearPullIntos(controller);
  queueDrain(controller.queue);
  clearAlgorithms(controller);
  readableError(controller.stream, error);
}

export function closeBytes(controller) {
  const { stream, pullIntos } = controller;
  if (controller.closeRequested || stream.state !== READABLE) return;
  if (controller.queue.size > 0) {
    controller.closeRequested = true;
    return;
  }
  if (queueLength(pullIntos) > 0) {
    const first = queuePeek(pullIntos);
    if (first.bytesFilled % first.elementSize !== 0) {
      const error = new TypeError("The stream ends in the middle of an element of the reader's view");
      errorBytes(controller, error);
      throw error;
    }
  }
  clearAlgorithms(controller);
  readableClose(stream);
}

export function enqueueBytes(controller, buffer, byteOffset, byteLength) {
  const { stream, pullIntos } = controller;
  if (controller.closeRequested || stream.state !== READABLE) return;
  if (ArrayBufferDetached(buffer)) throw new TypeError("The chunk's buffer is detached");
  const bytes = transferBuffer(buffer);
  if (queueLength(pullIntos) > 0) {
    const first = queuePeek(pullIntos);
    if (ArrayBufferDetached(first.buffer)) throw new TypeError("The buffer of the request is detached");
    invalidateRequest(controller);
    first.buffer = transferBuffer(first.buffer);
    if (first.readerKind === null) enqueueDetached(controller, first);
  }
  if (hasReader(stream, DEFAULT)) {
    while (waitingReads(stream, DEFAULT) > 0 && controller.queue.size > 0) {
      fillRequest(controller, queueShift(stream.reader.requests));
    }
    if (waitingReads(stream, DEFAULT) === 0) push(controller, bytes, byteOffset, byteLength);
    else {
      if (queueLength(pullIntos) > 0) shiftPullInto(controller);
      fulfillRequest(stream, new Uint8Array(bytes, byteOffset, byteLength), false);
    }
  } else {
    push(controller, bytes, byteOffset, byteLength);
    if (hasReader(stream, BYOB)) commitAll(controller, processPullIntos(controller, shiftPullInto));
  }
  callBytePull(controller);
}

export function commitAll(controller, filled) {
  for (let i = 0; i < filled.length; i++) commit(controller.stream, filled[i]);
}

function push(controller, buffer, byteOffset, byteLength) {
  queuePush(controller.queue, { __proto__: null, buffer, byteOffset, byteLength });
  controller.queue.size += byteLength;
}

/** Queues a copy of bytes that were filled into a buffer of the source's. */
export function pushCopy(controller, buffer, byteOffset, byteLength) {
  let copy;
  try {
    copy = copyBytes(buffer, byteOffset, byteLength);
  } catch (error) {
    errorBytes(controller, error);
    throw error;
  }
  push(controller, copy, 0, byteLength);
}

/** Queues what was filled into a buffer whose reader has gone. */
export function enqueueDetached(controller, pulled) {
  if (pulled.bytesFilled > 0) pushCopy(controller, pulled.buffer, pulled.byteOffset, pulled.bytesFilled);
  shiftPullInto(controller);
}

export function shiftPullInto(controller) {
  return queueShift(controller.pullIntos);
}

function fillRequest(controller, request) {
  const { buffer, byteOffset, byteLength } = queueShift(controller.queue);
  controller.queue.size -= byteLength;
  handleDrain(controller);
  request.chunk(new Uint8Array(buffer, byteOffset, byteLength));
}

function handleDrain(controller) {
  if (controller.queue.size === 0 && controller.closeRequested) {
    clearAlgorithms(controller);
    readableClose(controller.stream);
  } else callBytePull(controller);
}

function pullSteps(controller, request) {
  if (controller.queue.size > 0) {
    fillRequest(controller, request);
    return;
  }
  const size = controller.autoAllocateChunkSize;
  if (size !== undefined) {
    let buffer;
    try {
      buffer = new ArrayBuffer(size);
    } catch (error) {
      request.error(error);
      return;
    }
    queuePush(controller.pullIntos, newPullInto(buffer, 0, size, 1, Uint8Array, 1, DEFAULT));
  }
  addRequest(controller.stream, request);
  callBytePull(controller);
}

function pullInto(controller, view, min, request) {
  const { stream, pullIntos } = controller;
  const { constructor, elementSize, byteOffset, byteLength } = view;
  let buffer;
  try {
    buffer = transferBuffer(view.buffer);
  } catch (error) {
    request.error(error);
    return;
  }
  const pulled = newPullInto(buffer, byteOffset, byteLength, elementSize, constructor, min * elementSize, BYOB);
  if (queueLength(pullIntos) > 0) {
    queuePush(pullIntos, pulled);
    addRequest(stream, request);
    return;
  }
  if (stream.state === CLOSED) {
    request.close(new constructor(buffer, byteOffset, 0));
    return;
  }
  if (controller.queue.size > 0) {
    if (fillFromQueue(controller, pulled)) {
      const filled = convert(pulled);
      handleDrain(controller);
      request.chunk(filled);
      return;
    }
    if (controller.closeRequested) {
      const error = new TypeError("The stream ends before the reader's view is filled");
      errorBytes(controller, error);
      request.error(error);
      return;
    }
  }
  queuePush(pullIntos, pulled);
  addRequest(stream, request);
  callBytePull(controller);
}
