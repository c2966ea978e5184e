// Web IDL conversions of Web Crypto's arguments (bytes, numbers, enumerations), and their errors.

import { DOMException } from "./exceptions.js";
import {
  ArrayBufferIsView,
  ArrayPush,
  isArrayBuffer,
  StringConstructor,
  TypedArrayBuffer,
  TypedArrayByteLength,
  TypedArrayByteOffset,
  TypedArraySet,
  Uint8ArrayConstructor,
  viewOf,
} from "./primordials.js";

/** Throws a `DOMException`. */
export function fail(name, message) {
  throw new DOMException(message, name);
}

/** The bytes from `from` to `to`, without copying them. Never `subarray`, which asks a constructor that may be anyone's. */
export function part(bytes, from, to = TypedArrayByteLength(bytes)) {
  return new Uint8ArrayConstructor(TypedArrayBuffer(bytes), TypedArrayByteOffset(bytes) + from, to - from);
}

/** A copy. */
export function copyOf(bytes) {
  return new Uint8ArrayConstructor(bytes);
}

/** Two in a row. */
export function joined(first, second) {
  const all = new Uint8ArrayConstructor(TypedArrayByteLength(first) + TypedArrayByteLength(second));
  TypedArraySet(all, first, 0);
  TypedArraySet(all, second, TypedArrayByteLength(first));
  return all;
}

/** An `ArrayBuffer` of exactly these bytes. */
export function bufferOf(bytes) {
  return TypedArrayBuffer(copyOf(bytes));
}

/** Whether something is an `ArrayBuffer`, or a view of one. */
export function isBufferSource(value) {
  return ArrayBufferIsView(value) || isArrayBuffer(value);
}

/** A `BufferSource`: a view of its bytes. */
export function bufferSource(value, what) {
  const view = isBufferSource(value) ? viewOf(value) : null;
  if (view === null) throw new TypeError(`${what} is not an ArrayBuffer or a view of one`);
  return view;
}

/** A number that is a whole one, between 0 and `max`. */
export function enforced(value, max, what) {
  const number = +value;
  const whole = number < 0 ? -(-number - (-number % 1)) : number - (number % 1);
  if (!(whole >= 0 && whole <= max)) throw new TypeError(`${what} is not a whole number between 0 and ${max}`);
  return whole + 0;
}

/** A member that must be there. */
export function required(dictionary, member) {
  const value = dictionary[member];
  if (value === undefined) throw new TypeError(`The algorithm lacks its member '${member}'`);
  return value;
}

/** Whether a list that is ours, or was copied into one of ours, has this in it. */
export function has(list, value) {
  for (let i = 0; i < list.length; i++) if (list[i] === value) return true;
  return false;
}

const USAGES = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];

/** A sequence of strings, as a list of our own. */
export function strings(value, what) {
  if (typeof value !== "object" || value === null) throw new TypeError(`${what} is not a sequence`);
  const list = [];
  const iterator = value[Symbol.iterator];
  if (typeof iterator !== "function") throw new TypeError(`${what} is not a sequence`);
  for (const item of value) ArrayPush(list, StringConstructor(item));
  return list;
}

/** A sequence of key usages, each once, in their own order. */
export function usagesOf(value) {
  const given = strings(value, "keyUsages");
  for (let i = 0; i < given.length; i++) {
    if (!has(USAGES, given[i])) throw new TypeError(`'${given[i]}' is not a key usage`);
  }
  return common(USAGES, given);
}

/** Those of the first list that are in the second as well. */
export function common(first, second) {
  const both = [];
  for (let i = 0; i < first.length; i++) if (has(second, first[i])) ArrayPush(both, first[i]);
  return both;
}

/** Refuses usages that such a key has not. */
export function checkUsages(usages, allowed) {
  for (let i = 0; i < usages.length; i++) {
    if (!has(allowed, usages[i])) fail("SyntaxError", `such a key cannot be used for '${usages[i]}'`);
  }
}
