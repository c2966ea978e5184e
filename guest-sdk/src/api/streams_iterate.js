// The async iterator of a ReadableStream: `for await (const chunk of stream)`.

import { readChunk, readerCancel, releaseReader } from "./streams_readable_core.js";
import { adoptable, deferred, following, ObjectDefineProperty, rejected, uponPromise } from "./primordials.js";

const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);
let recordOf;

class Holder {
  constructor(object) {
    return object;
  }
}

// Marks an object that is made with the iterators' own prototype, which has no constructor.
class Mark extends Holder {
  #iterator;
  constructor(object, iterator) {
    super(object);
    this.#iterator = iterator;
  }
  static {
    recordOf = (value) =>
      typeof value === "object" && value !== null && #iterator in value ? value.#iterator : undefined;
  }
}

const prototype = {
  __proto__: AsyncIteratorPrototype,
  next() {
    return enqueueStep(recordOf(this), nextStep);
  },
  return(value) {
    const iterator = recordOf(this);
    return enqueueStep(iterator, () => returnStep(iterator, value));
  },
};
ObjectDefineProperty(prototype, Symbol.toStringTag, { value: "ReadableStream AsyncIterator", configurable: true });

/** An iterator over what the reader reads. */
export function iterateReadable(reader, preventCancel) {
  const object = { __proto__: prototype };
  new Mark(object, { __proto__: null, reader, preventCancel, finished: false, ongoing: null, waiting: 0 });
  return object;
}

/**
 * Steps happen one after another, even when several are asked for at once. One that nothing waits for happens at once: the
 * engine's `for await` does not wait for `return()`, and what comes after the loop must find the stream free.
 */
function enqueueStep(iterator, step) {
  if (iterator === undefined) return rejected(new TypeError("Illegal invocation: this is not a stream's iterator"));
  const run = () => step(iterator);
  const adopted = () => adoptable(run());
  iterator.ongoing = iterator.waiting === 0 ? run() : uponPromise(iterator.ongoing, adopted, adopted);
  iterator.waiting += 1;
  return iterator.ongoing;
}

function finish(iterator, promise, result) {
  return uponPromise(
    promise,
    (read) => {
      iterator.waiting -= 1;
      return result ?? { value: read.value, done: read.done };
    },
    (error) => {
      iterator.waiting -= 1;
      throw error;
    },
  );
}

function nextStep(iterator) {
  if (iterator.finished) return finish(iterator, following(undefined), { value: undefined, done: true });
  const { promise, resolve, reject } = deferred();
  readChunk(iterator.reader, {
    __proto__: null,
    chunk: (value) => resolve({ __proto__: null, value, done: false }),
    close() {
      iterator.finished = true;
      releaseReader(iterator.reader);
      resolve({ __proto__: null, value: undefined, done: true });
    },
    error(reason) {
      iterator.finished = true;
      releaseReader(iterator.reader);
      reject(reason);
    },
  });
  return finish(iterator, promise, undefined);
}

function returnStep(iterator, value) {
  if (iterator.finished) return finish(iterator, following(undefined), { value, done: true });
  iterator.finished = true;
  const { reader } = iterator;
  const canceled = iterator.preventCancel ? following(undefined) : readerCancel(reader, value);
  releaseReader(reader);
  return finish(iterator, canceled, { value, done: true });
}
