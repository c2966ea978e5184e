// The interface ReadableStream (https://streams.spec.whatwg.org/#rs-class).

import { isSignal } from "./events_abort.js";
import {
  algorithm,
  callAsync,
  callbackOf,
  convertStrategy,
  dictionary,
  highWaterMarkOf,
  INTERNAL,
  invalid,
  sizeOf,
} from "./streams_common.js";
import { callBytePull, errorBytes, setUpByteController } from "./streams_bytes.js";
import { iterateReadable } from "./streams_iterate.js";
import { readableFrom } from "./streams_from.js";
import { pipe } from "./streams_pipe.js";
import { newByobReader, newDefaultReader, onStreamRecords } from "./streams_readers.js";
import { callPullIfNeeded, errorDefault, setUpDefaultController, startReadable } from "./streams_readable_control.js";
import { acquireReader, DEFAULT, isReadableLocked, newReadable, readableCancel } from "./streams_readable_core.js";
import { newByteControllerObject, newDefaultControllerObject } from "./streams_controllers.js";
import { teeDefault } from "./streams_tee.js";
import { teeBytes } from "./streams_tee_bytes.js";
import { isWritableLocked } from "./streams_writable_core.js";
import { writableOf } from "./streams_writable.js";
import { exposeInterface, markHandled, ObjectDefineProperty, ReflectApply, rejected, SymbolAsyncIterator } from "./primordials.js";

let recordOf;

export class ReadableStream {
  #stream;
  constructor(underlyingSource = undefined, strategy = undefined, key = undefined) {
    if (key === INTERNAL) {
      this.#stream = underlyingSource;
      this.#stream.object = this;
      return;
    }
    if (underlyingSource === null) throw new TypeError("The underlying source must be an object");
    const given = convertStrategy(strategy);
    const source = convertSource(underlyingSource);
    this.#stream = newReadable();
    this.#stream.object = this;
    if (source.type === "bytes") setUpBytes(this.#stream, source, given);
    else setUpDefault(this.#stream, source, given);
  }
  static from(asyncIterable) {
    if (arguments.length === 0) throw new TypeError("ReadableStream.from needs an iterable");
    return readableObject(readableFrom(asyncIterable));
  }
  get locked() {
    return isReadableLocked(this.#stream);
  }
  cancel(reason = undefined) {
    const stream = recordOf(this);
    if (stream === undefined) return rejected(invalid("ReadableStream"));
    if (isReadableLocked(stream)) return rejected(new TypeError("The stream is locked to a reader"));
    return readableCancel(stream, reason);
  }
  getReader(options = undefined) {
    const stream = this.#stream;
    const mode = dictionary(options, "The options")?.mode;
    if (mode === undefined) return newDefaultReader(stream);
    if (`${mode}` !== "byob") throw new TypeError(`'${mode}' is not a mode of a reader`);
    return newByobReader(stream);
  }
  pipeThrough(transform, options = undefined) {
    const stream = this.#stream;
    const { readable, writable } = requirePair(transform);
    const converted = pipeOptions(options);
    const dest = writableOf(writable);
    if (isReadableLocked(stream)) throw new TypeError("The stream is locked to a reader");
    if (isWritableLocked(dest)) throw new TypeError("The transform's writable side is locked to a writer");
    markHandled(pipe(stream, dest, converted));
    return readable;
  }
  pipeTo(destination, options = undefined) {
    const stream = recordOf(this);
    if (stream === undefined) return rejected(invalid("ReadableStream"));
    const dest = writableOf(destination);
    if (dest === undefined) return rejected(new TypeError("The destination must be a WritableStream"));
    let converted;
    try {
      converted = pipeOptions(options);
    } catch (error) {
      return rejected(error);
    }
    if (isReadableLocked(stream)) return rejected(new TypeError("The stream is locked to a reader"));
    if (isWritableLocked(dest)) return rejected(new TypeError("The destination is locked to a writer"));
    return pipe(stream, dest, converted);
  }
  tee() {
    const branches = teeReadable(this.#stream);
    return [readableObject(branches[0]), readableObject(branches[1])];
  }
  values(options = undefined) {
    const stream = this.#stream;
    const preventCancel = !!dictionary(options, "The options")?.preventCancel;
    return iterateReadable(acquireReader(stream, DEFAULT), preventCancel);
  }
  static {
    recordOf = (value) =>
      typeof value === "object" && value !== null && #stream in value ? value.#stream : undefined;
  }
}
onStreamRecords(recordOf);

function convertSource(given) {
  const what = "The underlying source";
  const object = dictionary(given, what);
  const size = object === null ? undefined : object.autoAllocateChunkSize;
  const autoAllocateChunkSize = size === undefined ? undefined : chunkSizeOf(size);
  const cancel = callbackOf(object, "cancel", what);
  const pull = callbackOf(object, "pull", what);
  const start = callbackOf(object, "start", what);
  const type = object === null ? undefined : object.type;
  if (type !== undefined && `${type}` !== "bytes") throw new TypeError(`'${type}' is not a type of a source`);
  return { __proto__: null, object, autoAllocateChunkSize, cancel, pull, start, type: type === undefined ? "" : "bytes" };
}

function chunkSizeOf(value) {
  const size = +value;
  const whole = size < 0 ? -(-size - (-size % 1)) : size - (size % 1);
  if (!(whole >= 0 && whole <= 2 ** 53 - 1)) throw new TypeError("autoAllocateChunkSize is out of range");
  return whole;
}

function setUpDefault(stream, source, strategy) {
  const size = sizeOf(strategy);
  const controller = setUpDefaultController(stream, undefined, highWaterMarkOf(strategy, 1), size);
  controller.object = newDefaultControllerObject(controller);
  controller.source = algorithmsOf(source, controller);
  startReadable(controller, callPullIfNeeded, errorDefault);
}

function setUpBytes(stream, source, strategy) {
  if (strategy.size !== undefined) throw new RangeError("A stream of bytes has no size function");
  const highWaterMark = highWaterMarkOf(strategy, 0);
  if (source.autoAllocateChunkSize === 0) throw new TypeError("autoAllocateChunkSize must be at least 1");
  const controller = setUpByteController(stream, undefined, highWaterMark, source.autoAllocateChunkSize);
  controller.object = newByteControllerObject(controller);
  controller.source = algorithmsOf(source, controller);
  startReadable(controller, callBytePull, errorBytes);
}

function algorithmsOf({ object, cancel, pull, start }, controller) {
  return {
    __proto__: null,
    start: start === undefined ? () => undefined : () => ReflectApply(start, object, [controller.object]),
    pull: pull === undefined ? algorithm() : () => callAsync(pull, object, [controller.object]),
    cancel: algorithm(cancel, object),
  };
}

function requirePair(transform) {
  const given = dictionary(transform, "The transform");
  if (given === null) throw new TypeError("The transform must be an object");
  const { readable } = given;
  if (recordOf(readable) === undefined) throw new TypeError("The transform's readable side must be a ReadableStream");
  const { writable } = given;
  if (writableOf(writable) === undefined) {
    throw new TypeError("The transform's writable side must be a WritableStream");
  }
  return { readable, writable };
}

function pipeOptions(options) {
  const given = dictionary(options, "The options") ?? { __proto__: null };
  const preventAbort = !!given.preventAbort;
  const preventCancel = !!given.preventCancel;
  const preventClose = !!given.preventClose;
  const { signal } = given;
  if (signal !== undefined && !isSignal(signal)) throw new TypeError("signal must be an AbortSignal");
  return { __proto__: null, preventAbort, preventCancel, preventClose, signal };
}

ObjectDefineProperty(ReadableStream.prototype, SymbolAsyncIterator, {
  value: ReadableStream.prototype.values,
  writable: true,
  configurable: true,
});
exposeInterface(ReadableStream, "ReadableStream");

/** The record behind a `ReadableStream`, or `undefined`. */
export function readableOf(value) {
  return recordOf(value);
}

/** The object that authors see of a stream. */
export function readableObject(stream) {
  return stream.object ?? new ReadableStream(stream, undefined, INTERNAL);
}

/** ReadableStreamTee: two records of streams with the same chunks. */
export function teeReadable(stream, copy) {
  return stream.controller.pullInto === undefined ? teeDefault(stream, copy) : teeBytes(stream);
}
