// node:buffer

import { host } from "../api/host.js";
import {
  ArrayIsArray,
  isArrayBuffer,
  ObjectDefineProperty,
  TypedArrayBuffer,
  TypedArrayByteLength,
  TypedArrayByteOffset,
  TypedArraySet,
  Uint8ArrayConstructor,
  viewOf,
} from "../api/primordials.js";
import { decodeBytes, encodedLength, encodeText, encodingNamed, encodingOf } from "./buffer_codecs.js";
import { defineNumbers } from "./buffer_numbers.js";
import { bytesGiven, bytesOf, compareBytes, find, indexOf, within } from "./buffer_search.js";
import { invalidType, invalidValue, outOfRange, requireInteger, typeFailure } from "./errors.js";
import { define, ObjectSetPrototypeOf, SymbolToPrimitive, TypedArrayFill } from "./language.js";

export const kMaxLength = 0x7fffffff;
export const kStringMaxLength = 0x1fffffff;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength };
export const INSPECT_MAX_BYTES = 50;

class Bytes extends Uint8Array {
  constructor(source, byteOffset, length) {
    super(source, byteOffset, length);
  }
}

/** A `Buffer` over bytes of a buffer. */
function over(buffer, byteOffset, length) {
  return new Bytes(buffer, byteOffset, length);
}

/** A `Buffer` over the very bytes of a `Uint8Array`. */
export function bufferOver(bytes) {
  return over(TypedArrayBuffer(bytes), TypedArrayByteOffset(bytes), TypedArrayByteLength(bytes));
}

function sized(size) {
  if (typeof size !== "number") throw invalidType("size", "of type number", size);
  if (!(size >= 0 && size <= kMaxLength)) throw outOfRange("size", `>= 0 && <= ${kMaxLength}`, size);
  return new Bytes(size - (size % 1));
}

/** As it was called before there were `from` and `alloc`; species make buffers with it, too. */
export function Buffer(value, encodingOrOffset, length) {
  return typeof value === "number" ? sized(value) : from(value, encodingOrOffset, length);
}
Buffer.prototype = Bytes.prototype;
ObjectDefineProperty(Bytes.prototype, "constructor", { value: Buffer, writable: true, configurable: true });
ObjectSetPrototypeOf(Buffer, Uint8Array);

function fromList(list) {
  const length = list.length > 0 ? list.length : 0;
  const buffer = sized(length);
  for (let i = 0; i < length; i++) buffer[i] = list[i];
  return buffer;
}

function fromBuffer(buffer, byteOffset, length) {
  const offset = byteOffset === undefined ? 0 : +byteOffset || 0;
  const size = new Uint8ArrayConstructor(buffer);
  const rest = TypedArrayByteLength(size) - offset;
  if (rest < 0) throw outOfRange("offset", `<= ${TypedArrayByteLength(size)}`, byteOffset);
  const wanted = length === undefined ? rest : +length > 0 ? +length : 0;
  if (wanted > rest) throw outOfRange("length", `<= ${rest}`, length);
  return over(buffer, offset, wanted);
}

function from(value, encodingOrOffset, length) {
  if (typeof value === "string") return bufferOver(encodeText(value, encodingOf(encodingOrOffset)));
  if (typeof value === "object" && value !== null) {
    if (isArrayBuffer(value)) return fromBuffer(value, encodingOrOffset, length);
    const primitive = typeof value.valueOf === "function" ? value.valueOf() : value;
    if (primitive !== value && primitive !== null && primitive !== undefined) return from(primitive, encodingOrOffset, length);
    if (typeof value.length === "number") return fromList(value);
    if (value.type === "Buffer" && ArrayIsArray(value.data)) return fromList(value.data);
    if (value.length !== undefined || isArrayBuffer(value.buffer)) return sized(0);
    const toPrimitive = value[SymbolToPrimitive];
    if (typeof toPrimitive === "function") return from(value[SymbolToPrimitive]("string"), encodingOrOffset, length);
  }
  throw invalidType("first argument", "a string, a Buffer, an ArrayBuffer, an Array, or an array-like object", value);
}

/** Whether something is a `Buffer`. */
function isBuffer(value) {
  return value instanceof Bytes;
}

function part(buffer, start, end) {
  const length = TypedArrayByteLength(buffer);
  const first = indexOf(start, length, 0);
  const last = indexOf(end, length, length);
  return over(TypedArrayBuffer(buffer), TypedArrayByteOffset(buffer) + first, last > first ? last - first : 0);
}

function fill(buffer, value, start, end, encoding) {
  if (typeof start === "string") return fill(buffer, value, undefined, undefined, start);
  if (typeof end === "string") return fill(buffer, value, start, undefined, end);
  const target = within(buffer, start, end);
  const length = TypedArrayByteLength(target);
  if (typeof value === "string" || viewOf(value) !== null) {
    const pattern = bytesOf(value, "value", encoding);
    const count = TypedArrayByteLength(pattern);
    if (count === 0) {
      if (typeof value === "string" && value !== "") throw invalidValue("value", value);
      TypedArrayFill(target, 0);
    } else for (let i = 0; i < length; i++) target[i] = pattern[i % count];
  } else TypedArrayFill(target, +value & 255);
  return buffer;
}

define(Buffer, {
  poolSize: 8192,
  from,
  isBuffer,
  // Functions that may be called with `new`, as Node's: packages do.
  alloc: function (size, value, encoding) {
    const buffer = sized(size);
    return value === undefined || value === 0 ? buffer : fill(buffer, value, undefined, undefined, encoding);
  },
  allocUnsafe: function (size) {
    return sized(size);
  },
  allocUnsafeSlow: function (size) {
    return sized(size);
  },
  of(...bytes) {
    return fromList(bytes);
  },
  isEncoding: (label) => typeof label === "string" && label !== "" && encodingNamed(label) !== undefined,
  byteLength(value, encoding) {
    if (typeof value === "string") return encodedLength(value, encodingNamed(encoding) ?? "utf8");
    return TypedArrayByteLength(bytesGiven(value, "string"));
  },
  compare: (a, b) => compareBytes(bytesGiven(a, "buf1"), bytesGiven(b, "buf2")),
  concat(list, total) {
    if (!ArrayIsArray(list)) throw invalidType("list", "an instance of Array", list);
    let length = 0;
    for (let i = 0; i < list.length; i++) length += TypedArrayByteLength(bytesGiven(list[i], `list[${i}]`));
    if (total !== undefined) length = requireInteger(total, "length", 0, kMaxLength);
    const all = sized(length);
    for (let i = 0, at = 0; i < list.length && at < length; i++) {
      const bytes = within(bytesGiven(list[i], `list[${i}]`), 0, length - at);
      TypedArraySet(all, bytes, at);
      at += TypedArrayByteLength(bytes);
    }
    return all;
  },
  copyBytesFrom(view, offset = 0, length = undefined) {
    const bytes = bytesGiven(view, "view");
    const size = view.BYTES_PER_ELEMENT ?? 1;
    const end = length === undefined ? undefined : (offset + length) * size;
    return bufferOver(new Uint8ArrayConstructor(within(bytes, offset * size, end)));
  },
});

function sameBytes(buffer, other) {
  return compareBytes(viewOf(buffer), bytesGiven(other, "otherBuffer"));
}

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

define(Buffer.prototype, {
  toString(encoding, start, end) {
    return decodeBytes(within(this, start, end), encodingOf(encoding));
  },
  toJSON() {
    const data = [];
    for (let i = 0; i < TypedArrayByteLength(this); i++) ObjectDefineProperty(data, i, { __proto__: null, value: this[i], writable: true, enumerable: true, configurable: true });
    return { type: "Buffer", data };
  },
  [INSPECT]() {
    const text = decodeBytes(within(this, 0, INSPECT_MAX_BYTES), "hex");
    let spaced = "";
    for (let i = 0; i < text.length; i += 2) spaced += ` ${text[i]}${text[i + 1]}`;
    const more = TypedArrayByteLength(this) - INSPECT_MAX_BYTES;
    return `<Buffer${spaced}${more > 0 ? ` ... ${more} more byte${more > 1 ? "s" : ""}` : ""}>`;
  },
  equals(other) {
    return sameBytes(this, other) === 0;
  },
  compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
    return compareBytes(within(this, sourceStart, sourceEnd), within(bytesGiven(target, "target"), targetStart, targetEnd));
  },
  copy(target, targetStart = 0, sourceStart = 0, sourceEnd = undefined) {
    const room = within(bytesGiven(target, "target"), targetStart, undefined);
    const source = within(this, sourceStart, sourceEnd);
    const bytes = within(source, 0, TypedArrayByteLength(room));
    TypedArraySet(room, bytes);
    return TypedArrayByteLength(bytes);
  },
  slice(start, end) {
    return part(this, start, end);
  },
  subarray(start, end) {
    return part(this, start, end);
  },
  fill(value, start, end, encoding) {
    return fill(this, value, start, end, encoding);
  },
  write(text, offset, length, encoding) {
    if (typeof text !== "string") throw invalidType("string", "of type string", text);
    if (typeof offset === "string") return this.write(text, 0, undefined, offset);
    if (typeof length === "string") return this.write(text, offset, undefined, length);
    const name = encodingOf(encoding);
    const room = within(this, offset, length === undefined ? undefined : (offset ?? 0) + length);
    let bytes = within(encodeText(text, name), 0, TypedArrayByteLength(room));
    // No half of a character is written.
    if (name === "utf8") bytes = within(bytes, 0, host.utf8CompleteLength(bytes));
    else if (name === "utf16le") bytes = within(bytes, 0, TypedArrayByteLength(bytes) & ~1);
    TypedArraySet(room, bytes);
    return TypedArrayByteLength(bytes);
  },
  indexOf(value, byteOffset, encoding) {
    return find(this, value, byteOffset, encoding, true);
  },
  lastIndexOf(value, byteOffset, encoding) {
    return find(this, value, byteOffset, encoding, false);
  },
  includes(value, byteOffset, encoding) {
    return find(this, value, byteOffset, encoding, true) >= 0;
  },
  get parent() {
    return isBuffer(this) ? TypedArrayBuffer(this) : undefined;
  },
  get offset() {
    return isBuffer(this) ? TypedArrayByteOffset(this) : undefined;
  },
});
defineNumbers(Buffer.prototype);

export const SlowBuffer = (size) => sized(size);
export const atob = globalThis.atob;
export const btoa = globalThis.btoa;
export const Blob = globalThis.Blob;
export const File = globalThis.File;

/** Whether bytes are text in UTF-8. */
export function isUtf8(input) {
  try {
    host.utf8Decode(bytesGiven(input, "input"), true);
    return true;
  } catch {
    return false;
  }
}

export function isAscii(input) {
  const bytes = bytesGiven(input, "input");
  for (let i = 0; i < TypedArrayByteLength(bytes); i++) if (bytes[i] > 0x7f) return false;
  return true;
}
