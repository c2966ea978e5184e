// ReadableStream.from: a stream over an iterable, which is asked for one chunk after another.

import { closeDefault, createReadable, enqueueDefault } from "./streams_readable_control.js";
import { following, ReflectApply, rejected, SymbolAsyncIterator, SymbolIterator, uponPromise } from "./primordials.js";

function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** An iterator of `iterable`, and whether what it gives are promises. */
function iteratorOf(iterable) {
  if (iterable === null || iterable === undefined) throw new TypeError(`${iterable} is not iterable`);
  const asynchronous = iterable[SymbolAsyncIterator];
  const isAsync = asynchronous !== undefined && asynchronous !== null;
  const method = isAsync ? asynchronous : iterable[SymbolIterator];
  if (typeof method !== "function") throw new TypeError("ReadableStream.from needs an iterable");
  const iterator = ReflectApply(method, iterable, []);
  if (!isObject(iterator)) throw new TypeError("The iterator is not an object");
  return { __proto__: null, iterator, next: iterator.next, isAsync };
}

function call(from, method, args) {
  if (typeof method !== "function") throw new TypeError("The iterator has no such method");
  return ReflectApply(method, from.iterator, args);
}

/** The result of a step of a synchronous iterator, its value awaited. */
function settled(from, result) {
  if (from.isAsync) return following(result);
  if (!isObject(result)) throw new TypeError("The iterator's result is not an object");
  const { done, value } = result;
  return uponPromise(following(value), (awaited) => ({ __proto__: null, done: !!done, value: awaited }), (error) => {
    if (!done) closeQuietly(from);
    throw error;
  });
}

function closeQuietly(from) {
  try {
    const method = from.iterator.return;
    if (method !== undefined && method !== null) ReflectApply(method, from.iterator, []);
  } catch {
    // The chunk's own error is the one to report.
  }
}

function attempt(work) {
  try {
    return work();
  } catch (error) {
    return rejected(error);
  }
}

export function readableFrom(iterable) {
  const from = iteratorOf(iterable);
  const pull = () => {
    const stepping = attempt(() => settled(from, call(from, from.next, [])));
    return uponPromise(stepping, (result) => {
      if (!isObject(result)) throw new TypeError("The iterator's result is not an object");
      if (result.done) closeDefault(stream.controller);
      else enqueueDefault(stream.controller, result.value);
    });
  };
  const cancel = (reason) =>
    attempt(() => {
      const method = from.iterator.return;
      if (method === undefined || method === null) return following(undefined);
      return uponPromise(settled(from, call(from, method, [reason])), (result) => {
        if (!isObject(result)) throw new TypeError("The iterator's result is not an object");
      });
    });
  const stream = createReadable({ __proto__: null, start() {}, pull, cancel }, 0, () => 1);
  return stream;
}
