// The interfaces ReadableStreamDefaultReader and ReadableStreamBYOBReader.

import { dictionary, invalid } from "./streams_common.js";
import {
  acquireReader,
  BYOB,
  DEFAULT,
  readChunk,
  readerCancel,
  readInto,
  releaseReader,
} from "./streams_readable_core.js";
import { viewParts } from "./streams_views.js";
import { ArrayBufferByteLength, ArrayBufferDetached, deferred, exposeInterface, rejected } from "./primordials.js";

let recordOfStream = () => undefined;
let recordOfReader;
let recordOfByob;

/** How the record behind a `ReadableStream` is found; its class comes after this one. */
export function onStreamRecords(find) {
  recordOfStream = find;
}

function acquire(stream, kind) {
  const record = recordOfStream(stream);
  if (record === undefined) throw new TypeError("A reader needs a ReadableStream");
  return acquireReader(record, kind);
}

function promiseRequest({ resolve, reject }) {
  return {
    __proto__: null,
    chunk: (value) => resolve({ value, done: false }),
    close: (value) => resolve({ value, done: true }),
    error: reject,
  };
}

/** Calls `work` with the reader that `object` is; a rejected promise where it is none or has released its lock. */
function withStream(reader, name, work) {
  if (reader === undefined) return rejected(invalid(name));
  if (reader.stream === null) return rejected(new TypeError("The reader has released its lock"));
  return work(reader);
}

class ReadableStreamDefaultReader {
  #reader;
  constructor(stream) {
    this.#reader = acquire(stream, DEFAULT);
  }
  read() {
    return withStream(recordOfReader(this), "ReadableStreamDefaultReader", (reader) => {
      const answer = deferred();
      readChunk(reader, promiseRequest(answer));
      return answer.promise;
    });
  }
  releaseLock() {
    if (this.#reader.stream !== null) releaseReader(this.#reader);
  }
  get closed() {
    return recordOfReader(this)?.closed.promise ?? rejected(invalid("ReadableStreamDefaultReader"));
  }
  cancel(reason = undefined) {
    return withStream(recordOfReader(this), "ReadableStreamDefaultReader", (reader) => readerCancel(reader, reason));
  }
  static {
    recordOfReader = (value) =>
      typeof value === "object" && value !== null && #reader in value ? value.#reader : undefined;
  }
}

class ReadableStreamBYOBReader {
  #reader;
  constructor(stream) {
    this.#reader = acquire(stream, BYOB);
  }
  read(view, options = undefined) {
    const reader = recordOfByob(this);
    if (reader === undefined) return rejected(invalid("ReadableStreamBYOBReader"));
    let parts;
    let min;
    try {
      parts = viewParts(view);
      min = minimumOf(options);
      requireRoom(parts, min);
    } catch (error) {
      return rejected(error);
    }
    return withStream(reader, "ReadableStreamBYOBReader", () => {
      const answer = deferred();
      readInto(reader, parts, min, promiseRequest(answer));
      return answer.promise;
    });
  }
  releaseLock() {
    if (this.#reader.stream !== null) releaseReader(this.#reader);
  }
  get closed() {
    return recordOfByob(this)?.closed.promise ?? rejected(invalid("ReadableStreamBYOBReader"));
  }
  cancel(reason = undefined) {
    return withStream(recordOfByob(this), "ReadableStreamBYOBReader", (reader) => readerCancel(reader, reason));
  }
  static {
    recordOfByob = (value) =>
      typeof value === "object" && value !== null && #reader in value ? value.#reader : undefined;
  }
}

function minimumOf(options) {
  const min = dictionary(options, "The options")?.min;
  if (min === undefined) return 1;
  const number = +min;
  const whole = number < 0 ? -(-number - (-number % 1)) : number - (number % 1);
  if (!(whole >= 0 && whole <= 2 ** 53 - 1)) throw new TypeError("min is out of range");
  return whole;
}

function requireRoom({ buffer, byteLength, length }, min) {
  if (ArrayBufferDetached(buffer)) throw new TypeError("The view's buffer is detached");
  if (byteLength === 0) throw new TypeError("A view to read into has room for something");
  if (ArrayBufferByteLength(buffer) === 0) throw new TypeError("The view's buffer is empty");
  if (min === 0) throw new TypeError("min must be at least 1");
  if (min > length) throw new RangeError("min is more than the view has room for");
}

exposeInterface(ReadableStreamDefaultReader, "ReadableStreamDefaultReader");
exposeInterface(ReadableStreamBYOBReader, "ReadableStreamBYOBReader");

export function newDefaultReader(stream) {
  return new ReadableStreamDefaultReader(stream.object);
}

export function newByobReader(stream) {
  return new ReadableStreamBYOBReader(stream.object);
}
