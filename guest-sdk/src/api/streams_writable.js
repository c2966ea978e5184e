// The interfaces WritableStream, WritableStreamDefaultWriter and WritableStreamDefaultController.

import {
  algorithm,
  callbackOf,
  convertStrategy,
  dictionary,
  highWaterMarkOf,
  INTERNAL,
  invalid,
  refuseConstruction,
  sizeOf,
} from "./streams_common.js";
import { errorIfNeeded, setUpWritableController, signalOf, startWritable } from "./streams_writable_control.js";
import {
  acquireWriter,
  closeQueuedOrInFlight,
  isWritableLocked,
  newWritable,
  releaseWriter,
  writableAbort,
  writableClose,
  writerDesiredSize,
  writerWrite,
} from "./streams_writable_core.js";
import { callAsync } from "./streams_common.js";
import { exposeInterface, ReflectApply, rejected } from "./primordials.js";

let recordOfStream;
let recordOfWriter;

class WritableStream {
  #stream;
  constructor(underlyingSink = undefined, strategy = undefined, key = undefined) {
    if (key === INTERNAL) {
      this.#stream = underlyingSink;
      this.#stream.object = this;
      return;
    }
    if (underlyingSink === null) throw new TypeError("The underlying sink must be an object");
    const given = convertStrategy(strategy);
    const sink = convertSink(underlyingSink);
    const size = sizeOf(given);
    const highWaterMark = highWaterMarkOf(given, 1);
    this.#stream = newWritable();
    this.#stream.object = this;
    setUpFromSink(this.#stream, sink, highWaterMark, size);
  }
  get locked() {
    return isWritableLocked(this.#stream);
  }
  abort(reason = undefined) {
    const stream = recordOfStream(this);
    if (stream === undefined) return rejected(invalid("WritableStream"));
    if (isWritableLocked(stream)) return rejected(new TypeError("The stream is locked to a writer"));
    return writableAbort(stream, reason);
  }
  close() {
    const stream = recordOfStream(this);
    if (stream === undefined) return rejected(invalid("WritableStream"));
    if (isWritableLocked(stream)) return rejected(new TypeError("The stream is locked to a writer"));
    if (closeQueuedOrInFlight(stream)) return rejected(new TypeError("The stream is closing already"));
    return writableClose(stream);
  }
  getWriter() {
    return new WritableStreamDefaultWriter(this);
  }
  static {
    recordOfStream = (value) =>
      typeof value === "object" && value !== null && #stream in value ? value.#stream : undefined;
  }
}

function convertSink(given) {
  const what = "The underlying sink";
  const object = dictionary(given, what);
  const abort = callbackOf(object, "abort", what);
  const close = callbackOf(object, "close", what);
  const start = callbackOf(object, "start", what);
  if (object !== null && object.type !== undefined) throw new RangeError("A sink has no type");
  return { __proto__: null, object, abort, close, start, write: callbackOf(object, "write", what) };
}

function setUpFromSink(stream, { object, abort, close, start, write }, highWaterMark, size) {
  const sink = { __proto__: null, start: () => undefined, write: null, close: null, abort: null };
  const controller = setUpWritableController(stream, sink, highWaterMark, size);
  controller.object = new WritableStreamDefaultController(INTERNAL, controller);
  if (start !== undefined) sink.start = () => ReflectApply(start, object, [controller.object]);
  sink.write = algorithm(write, object, controller.object);
  sink.close = close === undefined ? algorithm() : () => callAsync(close, object, []);
  sink.abort = algorithm(abort, object);
  startWritable(controller);
}

class WritableStreamDefaultWriter {
  #writer;
  constructor(stream) {
    const record = recordOfStream(stream);
    if (record === undefined) throw new TypeError("A writer needs a WritableStream");
    this.#writer = acquireWriter(record);
    this.#writer.object = this;
  }
  get closed() {
    const writer = recordOfWriter(this);
    return writer === undefined ? rejected(invalid("WritableStreamDefaultWriter")) : writer.closed.promise;
  }
  get desiredSize() {
    const writer = this.#writer;
    if (writer.stream === null) throw new TypeError("The writer has released its lock");
    return writerDesiredSize(writer);
  }
  get ready() {
    const writer = recordOfWriter(this);
    return writer === undefined ? rejected(invalid("WritableStreamDefaultWriter")) : writer.ready.promise;
  }
  abort(reason = undefined) {
    return withStream(this, (writer) => writableAbort(writer.stream, reason));
  }
  close() {
    return withStream(this, (writer) =>
      closeQueuedOrInFlight(writer.stream)
        ? rejected(new TypeError("The stream is closing already"))
        : writableClose(writer.stream),
    );
  }
  releaseLock() {
    if (this.#writer.stream !== null) releaseWriter(this.#writer);
  }
  write(chunk = undefined) {
    return withStream(this, (writer) => writerWrite(writer, chunk));
  }
  static {
    recordOfWriter = (value) =>
      typeof value === "object" && value !== null && #writer in value ? value.#writer : undefined;
  }
}

function withStream(object, work) {
  const writer = recordOfWriter(object);
  if (writer === undefined) return rejected(invalid("WritableStreamDefaultWriter"));
  if (writer.stream === null) return rejected(new TypeError("The writer has released its lock"));
  return work(writer);
}

class WritableStreamDefaultController {
  #controller;
  constructor(key, controller) {
    refuseConstruction(key);
    this.#controller = controller;
  }
  get signal() {
    return signalOf(this.#controller);
  }
  error(error = undefined) {
    errorIfNeeded(this.#controller, error);
  }
}
Object.defineProperty(WritableStreamDefaultController, "length", { value: 0, configurable: true });

exposeInterface(WritableStream, "WritableStream");
exposeInterface(WritableStreamDefaultWriter, "WritableStreamDefaultWriter");
exposeInterface(WritableStreamDefaultController, "WritableStreamDefaultController");

/** The record behind a `WritableStream`, or `undefined`. */
export function writableOf(value) {
  return recordOfStream(value);
}

/** The object that authors see of a stream. */
export function writableObject(stream) {
  return stream.object ?? new WritableStream(stream, undefined, INTERNAL);
}
