// TransformStream: what is written to one side is read, transformed, at the other.

import {
  algorithm,
  callAsync,
  callbackOf,
  convertStrategy,
  dictionary,
  highWaterMarkOf,
  INTERNAL,
  pendingSlot,
  refuseConstruction,
  resolveSlot,
  sizeOf,
} from "./streams_common.js";
import {
  canCloseOrEnqueue,
  closeDefault,
  createReadable,
  defaultDesiredSize,
  enqueueDefault,
  errorDefault,
  hasBackpressure,
} from "./streams_readable_control.js";
import { readableObject } from "./streams_readable.js";
import { ERRORED as READ_ERRORED } from "./streams_readable_core.js";
import { createWritable, errorIfNeeded } from "./streams_writable_control.js";
import { ERRORED, ERRORING } from "./streams_writable_core.js";
import { writableObject } from "./streams_writable.js";
import { adoptable, exposeInterface, following, ReflectApply, rejected, uponPromise } from "./primordials.js";

/** A transform over algorithms: `start`, `transform`, `flush`, `cancel`. */
export function createTransform(algorithms, writableMark, writableSize, readableMark, readableSize) {
  const started = pendingSlot();
  const stream = {
    __proto__: null,
    readable: null,
    writable: null,
    backpressure: undefined,
    change: null,
    algorithms,
    finishing: null,
    started,
  };
  const start = () => adoptable(started.promise);
  stream.writable = createWritable(
    {
      __proto__: null,
      start,
      write: (chunk) => sinkWrite(stream, chunk),
      abort: (reason) => sinkAbort(stream, reason),
      close: () => sinkClose(stream),
    },
    writableMark,
    writableSize,
  );
  stream.readable = createReadable(
    { __proto__: null, start, pull: () => sourcePull(stream), cancel: (reason) => sourceCancel(stream, reason) },
    readableMark,
    readableSize,
  );
  setBackpressure(stream, true);
  return stream;
}

function setBackpressure(stream, backpressure) {
  if (stream.change !== null) resolveSlot(stream.change);
  stream.change = pendingSlot();
  stream.backpressure = backpressure;
}

function clearAlgorithms(stream) {
  stream.algorithms = null;
}

function errorTransform(stream, error) {
  errorDefault(stream.readable.controller, error);
  errorWritableAndUnblock(stream, error);
}

function errorWritableAndUnblock(stream, error) {
  clearAlgorithms(stream);
  errorIfNeeded(stream.writable.controller, error);
  unblock(stream);
}

function unblock(stream) {
  if (stream.backpressure) setBackpressure(stream, false);
}

function perform(stream, chunk) {
  return uponPromise(stream.algorithms.transform(chunk), undefined, (error) => {
    errorTransform(stream, error);
    throw error;
  });
}

function sinkWrite(stream, chunk) {
  if (!stream.backpressure) return perform(stream, chunk);
  return uponPromise(stream.change.promise, () => {
    const { writable } = stream;
    if (writable.state === ERRORING) throw writable.storedError;
    return adoptable(perform(stream, chunk));
  });
}

/** Runs `cancel` or `flush` once, however both sides end, and then `done` or `failed`. */
function finish(stream, work, done, failed) {
  if (stream.finishing !== null) return stream.finishing.promise;
  const slot = pendingSlot();
  stream.finishing = slot;
  const working = work(stream.algorithms);
  clearAlgorithms(stream);
  uponPromise(
    working,
    () => done(slot),
    (error) => {
      failed(error);
      slot.reject(error);
    },
  );
  return slot.promise;
}

function sinkAbort(stream, reason) {
  const { readable } = stream;
  return finish(
    stream,
    (algorithms) => algorithms.cancel(reason),
    (slot) => {
      if (readable.state === READ_ERRORED) slot.reject(readable.storedError);
      else {
        errorDefault(readable.controller, reason);
        slot.resolve(undefined);
      }
    },
    (error) => errorDefault(readable.controller, error),
  );
}

function sinkClose(stream) {
  const { readable } = stream;
  return finish(
    stream,
    (algorithms) => algorithms.flush(),
    (slot) => {
      if (readable.state === READ_ERRORED) slot.reject(readable.storedError);
      else {
        closeDefault(readable.controller);
        slot.resolve(undefined);
      }
    },
    (error) => errorDefault(readable.controller, error),
  );
}

function sourcePull(stream) {
  setBackpressure(stream, false);
  return stream.change.promise;
}

function sourceCancel(stream, reason) {
  const { writable } = stream;
  return finish(
    stream,
    (algorithms) => algorithms.cancel(reason),
    (slot) => {
      if (writable.state === ERRORED) slot.reject(writable.storedError);
      else {
        errorIfNeeded(writable.controller, reason);
        unblock(stream);
        slot.resolve(undefined);
      }
    },
    (error) => {
      errorIfNeeded(writable.controller, error);
      unblock(stream);
    },
  );
}

/** Puts a chunk on the readable side. */
export function enqueueTransformed(stream, chunk) {
  const { controller } = stream.readable;
  if (!canCloseOrEnqueue(controller)) throw new TypeError("The readable side takes no more chunks");
  try {
    enqueueDefault(controller, chunk);
  } catch (error) {
    errorWritableAndUnblock(stream, error);
    throw stream.readable.storedError;
  }
  const backpressure = hasBackpressure(controller);
  if (backpressure !== stream.backpressure) setBackpressure(stream, true);
}

export function errorTransformed(stream, error) {
  errorTransform(stream, error);
}

function terminate(stream) {
  closeDefault(stream.readable.controller);
  errorWritableAndUnblock(stream, new TypeError("The transform was terminated"));
}

let recordOf;

class TransformStream {
  #stream;
  constructor(transformer = undefined, writableStrategy = undefined, readableStrategy = undefined) {
    if (writableStrategy === INTERNAL) {
      this.#stream = transformer;
      return;
    }
    if (transformer === null) throw new TypeError("The transformer must be an object");
    const writable = convertStrategy(writableStrategy);
    const readable = convertStrategy(readableStrategy);
    const given = convertTransformer(transformer);
    const readableMark = highWaterMarkOf(readable, 0);
    const readableSize = sizeOf(readable);
    const writableMark = highWaterMarkOf(writable, 1);
    this.#stream = createTransform(null, writableMark, sizeOf(writable), readableMark, readableSize);
    const controller = new TransformStreamDefaultController(INTERNAL, this.#stream);
    this.#stream.algorithms = algorithmsOf(given, this.#stream, controller);
    const { start, object } = given;
    this.#stream.started.resolve(start === undefined ? undefined : ReflectApply(start, object, [controller]));
  }
  get readable() {
    return readableObject(this.#stream.readable);
  }
  get writable() {
    return writableObject(this.#stream.writable);
  }
  static {
    recordOf = (value) => (typeof value === "object" && value !== null && #stream in value ? value.#stream : undefined);
  }
}

function convertTransformer(given) {
  const what = "The transformer";
  const object = dictionary(given, what);
  const cancel = callbackOf(object, "cancel", what);
  const flush = callbackOf(object, "flush", what);
  if (object !== null && object.readableType !== undefined) throw new RangeError("A transformer has no readableType");
  const start = callbackOf(object, "start", what);
  const transform = callbackOf(object, "transform", what);
  if (object !== null && object.writableType !== undefined) throw new RangeError("A transformer has no writableType");
  return { __proto__: null, object, cancel, flush, start, transform };
}

function algorithmsOf({ object, cancel, flush, transform }, stream, controller) {
  return {
    __proto__: null,
    cancel: algorithm(cancel, object),
    flush: flush === undefined ? algorithm() : () => callAsync(flush, object, [controller]),
    transform: transform === undefined ? (chunk) => pass(stream, chunk) : algorithm(transform, object, controller),
  };
}

function pass(stream, chunk) {
  try {
    enqueueTransformed(stream, chunk);
    return following(undefined);
  } catch (error) {
    return rejected(error);
  }
}

class TransformStreamDefaultController {
  #stream;
  constructor(key, stream) {
    refuseConstruction(key);
    this.#stream = stream;
  }
  get desiredSize() {
    return defaultDesiredSize(this.#stream.readable.controller);
  }
  enqueue(chunk = undefined) {
    enqueueTransformed(this.#stream, chunk);
  }
  error(reason = undefined) {
    errorTransform(this.#stream, reason);
  }
  terminate() {
    terminate(this.#stream);
  }
}
Object.defineProperty(TransformStreamDefaultController, "length", { value: 0, configurable: true });

exposeInterface(TransformStream, "TransformStream");
exposeInterface(TransformStreamDefaultController, "TransformStreamDefaultController");

/** The record behind a `TransformStream`, or `undefined`. */
export function transformOf(value) {
  return recordOf(value);
}

/** A `TransformStream` of two sides that are there already. */
export function transformObject(readable, writable) {
  return new TransformStream({ __proto__: null, readable, writable }, INTERNAL);
}
