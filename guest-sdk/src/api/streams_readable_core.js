// Readable streams: the abstract operations of the Streams Standard on streams and readers, over plain records.

import { newQueue, queueDrain, queueLength, queuePush, queueShift } from "./queue.js";
import { pendingSlot, rejectedSlot, rejectSlot, resolvedSlot, resolveSlot } from "./streams_common.js";
import { following, rejected, uponPromise } from "./primordials.js";

export const READABLE = "readable";
export const CLOSED = "closed";
export const ERRORED = "errored";
export const DEFAULT = "default";
export const BYOB = "byob";

/** A stream without its controller. */
export function newReadable() {
  return {
    __proto__: null,
    object: null,
    state: READABLE,
    reader: null,
    storedError: undefined,
    disturbed: false,
    controller: null,
  };
}

export function isReadableLocked(stream) {
  return stream.reader !== null;
}

/** A reader that holds the lock. */
export function acquireReader(stream, kind) {
  if (isReadableLocked(stream)) throw new TypeError("The stream is locked to a reader");
  if (kind === BYOB && stream.controller.pullInto === undefined) {
    throw new TypeError("Only a stream of bytes has a reader that brings its own buffer");
  }
  const reader = { __proto__: null, object: null, kind, stream, closed: null, requests: newQueue() };
  stream.reader = reader;
  if (stream.state === READABLE) reader.closed = pendingSlot();
  else if (stream.state === CLOSED) reader.closed = resolvedSlot();
  else reader.closed = rejectedSlot(stream.storedError);
  return reader;
}

export function releaseReader(reader) {
  const { stream } = reader;
  const error = new TypeError("The reader has released its lock");
  if (stream.state === READABLE) rejectSlot(reader.closed, error);
  else reader.closed = rejectedSlot(error);
  stream.controller.releaseSteps();
  stream.reader = null;
  reader.stream = null;
  errorRequests(reader, new TypeError("The reader has released its lock"));
}

function errorRequests(reader, error) {
  const requests = queueDrain(reader.requests);
  for (let i = 0; i < requests.length; i++) requests[i].error(error);
}

/** How many reads wait for a chunk, of readers of this kind. */
export function waitingReads(stream, kind) {
  const { reader } = stream;
  return reader !== null && reader.kind === kind ? queueLength(reader.requests) : 0;
}

export function hasReader(stream, kind) {
  return stream.reader !== null && stream.reader.kind === kind;
}

export function addRequest(stream, request) {
  queuePush(stream.reader.requests, request);
}

/** Answers the read that has waited longest. */
export function fulfillRequest(stream, chunk, done) {
  const request = queueShift(stream.reader.requests);
  if (done) request.close(chunk);
  else request.chunk(chunk);
}

/** Reads a chunk: `request` has `chunk`, `close` and `error`, one of which is called. */
export function readChunk(reader, request) {
  const { stream } = reader;
  stream.disturbed = true;
  if (stream.state === CLOSED) request.close(undefined);
  else if (stream.state === ERRORED) request.error(stream.storedError);
  else stream.controller.pullSteps(request);
}

/** Reads into a view of the reader's own. */
export function readInto(reader, view, min, request) {
  const { stream } = reader;
  stream.disturbed = true;
  if (stream.state === ERRORED) request.error(stream.storedError);
  else stream.controller.pullInto(view, min, request);
}

export function readableClose(stream) {
  stream.state = CLOSED;
  const { reader } = stream;
  if (reader === null) return;
  resolveSlot(reader.closed);
  if (reader.kind === DEFAULT) closeRequests(reader);
}

function closeRequests(reader) {
  const requests = queueDrain(reader.requests);
  for (let i = 0; i < requests.length; i++) requests[i].close(undefined);
}

export function readableError(stream, error) {
  stream.state = ERRORED;
  stream.storedError = error;
  const { reader } = stream;
  if (reader === null) return;
  rejectSlot(reader.closed, error);
  errorRequests(reader, error);
}

function toUndefined() {
  return undefined;
}

export function readableCancel(stream, reason) {
  stream.disturbed = true;
  if (stream.state === CLOSED) return following(undefined);
  if (stream.state === ERRORED) return rejected(stream.storedError);
  readableClose(stream);
  if (hasReader(stream, BYOB)) closeRequests(stream.reader);
  return uponPromise(stream.controller.cancelSteps(reason), toUndefined);
}

/** The cancellation of what a reader reads. */
export function readerCancel(reader, reason) {
  return readableCancel(reader.stream, reason);
}
