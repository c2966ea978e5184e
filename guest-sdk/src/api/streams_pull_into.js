// Pull-into descriptors: buffers that are being filled, a BYOB reader's own or allocated by the stream.

import { queueLength, queuePeek, queueShift } from "./queue.js";
import { transferBuffer } from "./streams_common.js";
import { CLOSED, fulfillRequest } from "./streams_readable_core.js";
import { ArrayBufferByteLength, ArrayPush, TypedArraySet } from "./primordials.js";

export function newPullInto(buffer, byteOffset, byteLength, elementSize, constructor, minimumFill, readerKind) {
  return {
    __proto__: null,
    buffer,
    bufferByteLength: ArrayBufferByteLength(buffer),
    byteOffset,
    byteLength,
    bytesFilled: 0,
    minimumFill,
    elementSize,
    constructor,
    readerKind,
  };
}

/** The view that its reader gets. */
export function convert(pulled) {
  const buffer = transferBuffer(pulled.buffer);
  return new pulled.constructor(buffer, pulled.byteOffset, pulled.bytesFilled / pulled.elementSize);
}

/** Hands a filled buffer to the reader. */
export function commit(stream, pulled) {
  fulfillRequest(stream, convert(pulled), stream.state === CLOSED);
}

/** Fills it with what is queued; whether it is full enough. */
export function fillFromQueue(controller, pulled) {
  const { queue } = controller;
  const copied = queue.size < pulled.byteLength - pulled.bytesFilled ? queue.size : pulled.byteLength - pulled.bytesFilled;
  const most = pulled.bytesFilled + copied;
  const aligned = most - (most % pulled.elementSize);
  const ready = aligned >= pulled.minimumFill;
  let left = ready ? aligned - pulled.bytesFilled : copied;
  while (left > 0) {
    const head = queuePeek(queue);
    const length = left < head.byteLength ? left : head.byteLength;
    const source = new Uint8Array(head.buffer, head.byteOffset, length);
    TypedArraySet(new Uint8Array(pulled.buffer), source, pulled.byteOffset + pulled.bytesFilled);
    if (head.byteLength === length) queueShift(queue);
    else {
      head.byteOffset += length;
      head.byteLength -= length;
    }
    queue.size -= length;
    pulled.bytesFilled += length;
    left -= length;
  }
  return ready;
}

/** Fills waiting buffers with what is queued; those that are full are taken off. */
export function processPullIntos(controller, shift) {
  const filled = [];
  while (queueLength(controller.pullIntos) > 0 && controller.queue.size > 0) {
    const first = queuePeek(controller.pullIntos);
    if (fillFromQueue(controller, first)) {
      shift(controller);
      ArrayPush(filled, first);
    }
  }
  return filled;
}
