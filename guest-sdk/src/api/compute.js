// Computations that the host does for the prelude. Everything that goes there is bytes and numbers; everything that comes back is
// bytes, or the reason why there are none.

import { DOMException } from "./exceptions.js";
import { host } from "./host.js";
import { ArrayIsArray, ObjectDefineProperty, PromiseConstructor, PromiseThen, ReflectApply, Uint8ArrayConstructor } from "./primordials.js";

export const Computations = host.computations;

const NAMES = [null, "OperationError", "DataError", "NotSupportedError", null, "QuotaExceededError"];
const TYPE_ERROR = 4;

export const Hashes = { __proto__: null, "SHA-1": 1, "SHA-256": 2, "SHA-384": 3, "SHA-512": 4 };
export const Formats = { __proto__: null, raw: 0, spki: 1, pkcs8: 2, pair: 3 };

function taken(result) {
  if (!ArrayIsArray(result)) return new Uint8ArrayConstructor(result);
  const { 0: status, 1: message } = result;
  throw status === TYPE_ERROR ? new TypeError(message) : new DOMException(message, NAMES[status]);
}

/** The result of a computation, as a `Uint8Array` of its own buffer. */
export function compute(...frame) {
  return taken(ReflectApply(host.compute, undefined, frame));
}

/**
 * Computes something that takes long while the invocation goes on: one of the functions is called. There is no promise that a
 * tenant's code could get hold of.
 */
export function computeLater(done, failed, ...frame) {
  const promise = ReflectApply(host.computeLater, undefined, frame);
  ObjectDefineProperty(promise, "constructor", { value: PromiseConstructor });
  PromiseThen(
    promise,
    (result) => {
      try {
        done(taken(result));
      } catch (error) {
        failed(error);
      }
    },
    failed,
  );
}

/** Whether the host said yes. */
export function says(bytes) {
  return bytes[0] === 1;
}

/** The number that the host gave to something that goes on. */
export function numberOf(bytes) {
  return bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24);
}

/** Randomness for one computation, out of the guest's own: a recording holds it. */
export function freshSeed() {
  const bytes = new Uint8ArrayConstructor(32);
  host.randomFill(bytes);
  return bytes;
}
