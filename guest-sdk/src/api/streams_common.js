// Shared by all streams: queues with sizes, strategies, and calls of the author's functions.

import { queuePush, queueShift } from "./queue.js";
import { ArrayBufferTransfer, deferred, following, markHandled, ReflectApply, rejected } from "./primordials.js";

export function enqueueSized(queue, value, size) {
  const weight = +size;
  if (!(weight >= 0) || weight === Infinity) {
    throw new RangeError(`A chunk's size is a finite number that is not negative, not ${weight}`);
  }
  queuePush(queue, { __proto__: null, value, size: weight });
  queue.size += weight;
}

export function dequeueSized(queue) {
  const { value, size } = queueShift(queue);
  queue.size -= size;
  // Rounding must not make it negative.
  if (queue.size < 0) queue.size = 0;
  return value;
}

/** A promise with its state, for those that several places may settle: the first one counts. */
export function pendingSlot() {
  const { promise, resolve, reject } = deferred();
  return { __proto__: null, promise, resolve, reject, pending: true };
}

export function resolvedSlot() {
  const slot = pendingSlot();
  resolveSlot(slot);
  return slot;
}

export function rejectedSlot(reason) {
  const slot = pendingSlot();
  rejectSlot(slot, reason);
  return slot;
}

export function resolveSlot(slot, value) {
  if (!slot.pending) return;
  slot.pending = false;
  slot.resolve(value);
}

/** Rejects it; a missing handler is no error. */
export function rejectSlot(slot, reason) {
  if (!slot.pending) return;
  slot.pending = false;
  slot.reject(reason);
  markHandled(slot.promise);
}

/** A dictionary as the web platform takes one: an object, or nothing. */
export function dictionary(value, what) {
  if (value === undefined || value === null) return null;
  if (typeof value !== "object" && typeof value !== "function") throw new TypeError(`${what} must be an object`);
  return value;
}

/** A member of a dictionary that is a function or not there. */
export function callbackOf(given, name, what) {
  if (given === null) return undefined;
  const callback = given[name];
  if (callback !== undefined && typeof callback !== "function") {
    throw new TypeError(`${what}.${name} must be a function`);
  }
  return callback;
}

/** Calls what an author gave and returns a promise of its result; what it throws rejects that. */
export function callAsync(callback, self, args) {
  try {
    return following(ReflectApply(callback, self, args));
  } catch (error) {
    return rejected(error);
  }
}

/** An algorithm that calls `callback` on `self`, or does nothing where there is none. */
export function algorithm(callback, self, trailing) {
  if (callback === undefined) return () => following(undefined);
  if (trailing === undefined) return (first) => callAsync(callback, self, [first]);
  return (first) => callAsync(callback, self, [first, trailing]);
}

/** `{ highWaterMark, size }`, read in the order in which the web platform reads them. */
export function convertStrategy(strategy) {
  const given = dictionary(strategy, "The queuing strategy");
  if (given === null) return { __proto__: null, highWaterMark: undefined, size: undefined };
  const mark = given.highWaterMark;
  const highWaterMark = mark === undefined ? undefined : +mark;
  return { __proto__: null, highWaterMark, size: callbackOf(given, "size", "The queuing strategy") };
}

export function highWaterMarkOf(strategy, standard) {
  const mark = strategy.highWaterMark;
  if (mark === undefined) return standard;
  if (!(mark >= 0)) throw new RangeError(`A high water mark is a number that is not negative, not ${mark}`);
  return mark;
}

export function sizeOf(strategy) {
  const { size } = strategy;
  return size === undefined ? () => 1 : (chunk) => ReflectApply(size, undefined, [chunk]);
}

/** The bytes of `buffer` under another object; the old one is detached. */
export function transferBuffer(buffer) {
  return ArrayBufferTransfer(buffer);
}

export function invalid(name) {
  return new TypeError(`Illegal invocation: this is not a ${name}`);
}

/** The key without which a constructor that authors may not call does nothing. */
export const INTERNAL = Symbol("internal");

export function refuseConstruction(key) {
  if (key !== INTERNAL) throw new TypeError("Illegal constructor");
}
