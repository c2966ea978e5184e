// Searching in Buffers, and the range arguments of their methods.

import {
  NumberIsFinite,
  TypedArrayBuffer,
  TypedArrayByteLength,
  TypedArrayByteOffset,
  Uint8ArrayConstructor,
  viewOf,
} from "../api/primordials.js";
import { encodeText, encodingOf } from "./buffer_codecs.js";
import { invalidType } from "./errors.js";
import { TypedArrayIndexOf } from "./language.js";

/** The plain bytes of what a caller gave. */
export function bytesOf(value, name, encoding) {
  if (typeof value === "string") return encodeText(value, encodingOf(encoding));
  const view = viewOf(value);
  if (view === null) throw invalidType(name, "of type string or an instance of Buffer, TypedArray, or DataView", value);
  return view;
}

/** The bytes of an argument that must not be a string. */
export function bytesGiven(value, name) {
  const view = viewOf(value);
  if (view === null) throw invalidType(name, "an instance of Buffer or Uint8Array", value);
  return view;
}

/** Less, the same or more, byte by byte. */
export function compareBytes(a, b) {
  const first = TypedArrayByteLength(a);
  const second = TypedArrayByteLength(b);
  for (let i = 0; i < first && i < second; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return first === second ? 0 : first < second ? -1 : 1;
}

/** An index that may count from the end, within bounds. */
export function indexOf(value, length, missing) {
  if (value === undefined) return missing;
  let at = +value;
  at = NumberIsFinite(at) ? at - (at % 1) : at > 0 ? length : 0;
  if (at < 0) at += length;
  return at < 0 ? 0 : at > length ? length : at;
}

function clamped(value, length, missing) {
  const at = value === undefined ? missing : +value || 0;
  return at < 0 ? 0 : at > length ? length : at - (at % 1);
}

/** Some of the bytes of a buffer, as a plain array over them. */
export function within(buffer, start, end) {
  const length = TypedArrayByteLength(buffer);
  const first = clamped(start, length, 0);
  const last = clamped(end, length, length);
  return new Uint8ArrayConstructor(TypedArrayBuffer(buffer), TypedArrayByteOffset(buffer) + first, last > first ? last - first : 0);
}

function standsAt(buffer, bytes, at) {
  for (let i = 1; i < TypedArrayByteLength(bytes); i++) if (buffer[at + i] !== bytes[i]) return false;
  return true;
}

/** Where a byte, a text or bytes stand: the first time, or the last. */
export function find(buffer, value, byteOffset, encoding, forward) {
  if (typeof byteOffset === "string") return find(buffer, value, undefined, byteOffset, forward);
  const bytes = typeof value === "number" ? new Uint8ArrayConstructor([value & 255]) : bytesOf(value, "value", encoding);
  const length = TypedArrayByteLength(buffer);
  const count = TypedArrayByteLength(bytes);
  const given = +byteOffset;
  // What is no number means the whole buffer.
  const start = indexOf(given === given ? given : undefined, length, forward ? 0 : length);
  if (!forward && given < -length) return -1;
  if (count === 0) return start;
  if (!forward) {
    for (let at = start > length - count ? length - count : start; at >= 0; at--) {
      if (buffer[at] === bytes[0] && standsAt(buffer, bytes, at)) return at;
    }
    return -1;
  }
  for (let at = start; at + count <= length; at++) {
    at = TypedArrayIndexOf(buffer, bytes[0], at);
    if (at < 0 || at + count > length) return -1;
    if (standsAt(buffer, bytes, at)) return at;
  }
  return -1;
}
