// Streamed bodies between a ReadableStream and the host, with backpressure.

import { closeStream } from "./blob.js";
import { DOMException } from "./exceptions.js";
import { host } from "./host.js";
import { enqueueBytes, errorBytes } from "./streams_bytes.js";
import { acquireReader, DEFAULT, READABLE, readableCancel, readChunk } from "./streams_readable_core.js";
import { createByteStream } from "./streams_tee_bytes.js";
import {
  ArrayBufferIsView,
  ArrayPush,
  deferred,
  following,
  ObjectKeys,
  TypedArrayBuffer,
  TypedArrayByteLength,
  TypedArrayName,
  uponPromise,
} from "./primordials.js";

/** A stream of what the host has: `read` asks for the next piece, `stop` says that the rest is not wanted. */
export function hostStream(read, stop) {
  const pull = () => {
    const { promise, resolve } = deferred();
    read((piece, error) => {
      if (stream.state === READABLE) arrived(stream.controller, piece, error);
      resolve(undefined);
    });
    return promise;
  };
  const cancel = () => {
    stop();
    return following(undefined);
  };
  const stream = createByteStream({ __proto__: null, start() {}, pull, cancel }, 0);
  return stream;
}

function arrived(controller, piece, error) {
  if (error !== undefined) errorBytes(controller, error);
  else if (TypedArrayByteLength(piece) === 0) closeStream(controller);
  else enqueueBytes(controller, TypedArrayBuffer(piece), 0, TypedArrayByteLength(piece));
}

/** The body of the request that came in. */
export function incomingStream() {
  return hostStream(host.bodyRead, () => {});
}

/** What the host refuses, or the network does not do, is a `TypeError`, as it is everywhere; its code says which. */
export function networkError(error) {
  const { code, message } = error;
  if (code !== "FETCH_FAILED" && code !== "EGRESS_DENIED") return error;
  const thrown = new TypeError(message);
  const names = ObjectKeys(error);
  for (let i = 0; i < names.length; i++) thrown[names[i]] = error[names[i]];
  // Of those who await it: here only the prelude runs.
  if (error.stack !== undefined) thrown.stack = error.stack;
  return thrown;
}

/** The body of an answer to a fetch. */
export function fetchedStream(fetch) {
  return hostStream(
    (callback) => host.fetchRead(fetch, (piece, error) => callback(piece, error === undefined ? undefined : networkError(error))),
    () => host.fetchEnd(fetch, 0),
  );
}

/**
 * Gives a stream's pieces to the host, each when there is room for it: `write` sends what it can of some bytes, says where the
 * rest begins, and calls back. Ends in one of `done`, `failed` with the error, and `gone` when the reader has gone.
 */
export function pump(stream, write, { done, failed, gone }) {
  const reader = acquireReader(stream, DEFAULT);
  const request = {
    __proto__: null,
    chunk(chunk) {
      if (ArrayBufferIsView(chunk) && TypedArrayName(chunk) === "Uint8Array") {
        send(chunk, 0);
        return;
      }
      const error = new TypeError("A body's stream has chunks that are Uint8Arrays");
      cancelled(stream, error);
      failed(error);
    },
    close: done,
    error: failed,
  };
  const send = (bytes, start) => {
    const next = write(bytes, start, (_, error) => {
      if (error !== undefined) {
        cancelled(stream, disconnected());
        gone();
      } else if (next < TypedArrayByteLength(bytes)) send(bytes, next);
      else readChunk(reader, request);
    });
  };
  readChunk(reader, request);
}

/** Cancels it; an error of its source is ignored. */
export function cancelled(stream, reason) {
  uponPromise(readableCancel(stream, reason), undefined, () => {});
}

function disconnected() {
  return new DOMException("The client disconnected", "AbortError");
}

const listeners = [];

/** Calls back with the reason when the client disconnects before it has the whole response. */
export function onDisconnect(listener) {
  ArrayPush(listeners, listener);
  if (listeners.length > 1) return;
  host.disconnect(() => {
    const reason = disconnected();
    for (let i = 0; i < listeners.length; i++) listeners[i](reason);
  });
}

/** Sends a response's body, of which the host has the head. */
export function deliverStream(stream, done, failed) {
  const end = (isComplete) => {
    host.bodyEnd(isComplete);
    done();
  };
  onDisconnect((reason) => {
    if (stream.state === READABLE) cancelled(stream, reason);
  });
  pump(stream, host.bodyWrite, { done: () => end(true), failed, gone: () => end(false) });
}
