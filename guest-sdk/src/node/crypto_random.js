// Randomness, as node:crypto has it.

import { host } from "../api/host.js";
import { following, ReflectApply, TypedArrayByteLength, Uint8ArrayConstructor, uponPromise, viewOf } from "../api/primordials.js";
import { bufferOver } from "./buffer.js";
import { within } from "./buffer_search.js";
import { invalidType, outOfRange, rangeFailure, requireInteger } from "./errors.js";

// What one call of the host's gives.
const PIECE_BYTES = 65_536;
const RANGE_MAX = 2 ** 48 - 1;

function fillBytes(bytes) {
  for (let at = 0; at < TypedArrayByteLength(bytes); at += PIECE_BYTES) host.randomFill(within(bytes, at, at + PIECE_BYTES));
}

/** Calls back later, as Node does, with what `work` gives. */
export function later(callback, work) {
  uponPromise(following(undefined), () => {
    let value;
    try {
      value = work();
    } catch (error) {
      ReflectApply(callback, undefined, [error]);
      return;
    }
    ReflectApply(callback, undefined, [null, value]);
  });
}

export function randomBytes(size, callback) {
  requireInteger(size, "size", 0, 0x7fffffff);
  const make = () => {
    const bytes = new Uint8ArrayConstructor(size);
    fillBytes(bytes);
    return bufferOver(bytes);
  };
  if (callback === undefined) return make();
  later(callback, make);
  return undefined;
}

export function randomFillSync(buffer, offset = 0, size = undefined) {
  const bytes = viewOf(buffer);
  if (bytes === null) throw invalidType("buf", "an instance of ArrayBuffer, Buffer, TypedArray, or DataView", buffer);
  fillBytes(within(bytes, offset, size === undefined ? undefined : offset + size));
  return buffer;
}

export function randomFill(buffer, ...rest) {
  const callback = rest[rest.length - 1];
  if (typeof callback !== "function") throw invalidType("callback", "of type function", callback);
  later(callback, () => randomFillSync(buffer, rest.length > 1 ? rest[0] : 0, rest.length > 2 ? rest[1] : undefined));
}

function oneBetween(min, max) {
  const range = max - min;
  // What lies above the last whole multiple would make some numbers likelier than others.
  const limit = 2 ** 48 - (2 ** 48 % range);
  const bytes = new Uint8ArrayConstructor(6);
  for (;;) {
    host.randomFill(bytes);
    let number = 0;
    for (let i = 0; i < 6; i++) number = number * 256 + bytes[i];
    if (number < limit) return min + (number % range);
  }
}

export function randomInt(min, max, callback) {
  if (max === undefined || typeof max === "function") return randomInt(0, min, max);
  const requireWhole = (name, value) => {
    if (typeof value !== "number" || value % 1 !== 0) throw invalidType(name, "a safe integer", value);
  };
  requireWhole("min", min);
  requireWhole("max", max);
  if (!(max > min)) throw outOfRange("max", `greater than the value of "min" (${min})`, max);
  if (max - min > RANGE_MAX) throw outOfRange("max - min", `<= ${RANGE_MAX}`, max - min);
  if (callback === undefined) return oneBetween(min, max);
  later(callback, () => oneBetween(min, max));
  return undefined;
}

export function randomUUID() {
  return host.randomUuid();
}

/** Whether both are the same, in a time that does not tell where they differ. */
export function timingSafeEqual(a, b) {
  const first = viewOf(a);
  const second = viewOf(b);
  if (first === null) throw invalidType("buf1", "an instance of ArrayBuffer, Buffer, TypedArray, or DataView", a);
  if (second === null) throw invalidType("buf2", "an instance of ArrayBuffer, Buffer, TypedArray, or DataView", b);
  if (TypedArrayByteLength(first) !== TypedArrayByteLength(second)) {
    throw rangeFailure("ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", "Input buffers must have the same byte length");
  }
  let difference = 0;
  for (let i = 0; i < TypedArrayByteLength(first); i++) difference |= first[i] ^ second[i];
  return difference === 0;
}
