// ReadableByteStreamControllerRespond: a source's answer to a BYOB request.

import { queueLength, queuePeek } from "./queue.js";
import { transferBuffer } from "./streams_common.js";
import { BYOB, CLOSED, hasReader, waitingReads } from "./streams_readable_core.js";
import {
  callBytePull,
  commitAll,
  enqueueDetached,
  invalidateRequest,
  pushCopy,
  shiftPullInto,
} from "./streams_bytes.js";
import { commit, processPullIntos } from "./streams_pull_into.js";
import { ArrayPush } from "./primordials.js";

/** The request for the buffer that waits longest, or `null`. */
export function currentRequest(controller) {
  if (controller.byobRequest === null && queueLength(controller.pullIntos) > 0) {
    const first = queuePeek(controller.pullIntos);
    const offset = first.byteOffset + first.bytesFilled;
    const view = new Uint8Array(first.buffer, offset, first.byteLength - first.bytesFilled);
    controller.byobRequest = { __proto__: null, object: null, controller, view };
  }
  return controller.byobRequest;
}

/** `bytesWritten` bytes were written into the request's view. */
export function respond(controller, bytesWritten) {
  const first = queuePeek(controller.pullIntos);
  requireAmount(controller, bytesWritten);
  if (controller.stream.state !== CLOSED && first.bytesFilled + bytesWritten > first.byteLength) {
    throw new RangeError("More bytes were written than the view has room for");
  }
  first.buffer = transferBuffer(first.buffer);
  respondInternal(controller, bytesWritten);
}

/** They were written into a view of the source's own. */
export function respondWithView(controller, buffer, byteOffset, byteLength, bufferByteLength) {
  const first = queuePeek(controller.pullIntos);
  requireAmount(controller, byteLength);
  if (first.byteOffset + first.bytesFilled !== byteOffset) {
    throw new RangeError("The view does not begin where the request's does");
  }
  if (first.bufferByteLength !== bufferByteLength) {
    throw new RangeError("The view's buffer is not as long as the request's");
  }
  if (first.bytesFilled + byteLength > first.byteLength) {
    throw new RangeError("The view is longer than the request's");
  }
  first.buffer = transferBuffer(buffer);
  respondInternal(controller, byteLength);
}

function requireAmount(controller, bytes) {
  const closed = controller.stream.state === CLOSED;
  if (closed && bytes !== 0) throw new TypeError("A closed stream takes no more bytes");
  if (!closed && bytes === 0) throw new TypeError("A response to a request has at least one byte");
}

function respondInternal(controller, bytesWritten) {
  const first = queuePeek(controller.pullIntos);
  invalidateRequest(controller);
  if (controller.stream.state === CLOSED) respondClosed(controller, first);
  else respondReadable(controller, bytesWritten, first);
  callBytePull(controller);
}

function respondClosed(controller, first) {
  const { stream } = controller;
  if (first.readerKind === null) shiftPullInto(controller);
  if (!hasReader(stream, BYOB)) return;
  const filled = [];
  while (filled.length < waitingReads(stream, BYOB)) ArrayPush(filled, shiftPullInto(controller));
  commitAll(controller, filled);
}

function respondReadable(controller, bytesWritten, pulled) {
  pulled.bytesFilled += bytesWritten;
  if (pulled.readerKind === null) {
    enqueueDetached(controller, pulled);
    commitAll(controller, processPullIntos(controller, shiftPullInto));
    return;
  }
  if (pulled.bytesFilled < pulled.minimumFill) return;
  shiftPullInto(controller);
  const remainder = pulled.bytesFilled % pulled.elementSize;
  if (remainder > 0) {
    const end = pulled.byteOffset + pulled.bytesFilled;
    pushCopy(controller, pulled.buffer, end - remainder, remainder);
    pulled.bytesFilled -= remainder;
  }
  const filled = processPullIntos(controller, shiftPullInto);
  commit(controller.stream, pulled);
  commitAll(controller, filled);
}
