// Blob and File: bytes that never change, so that a slice shares them.

import { host } from "./host.js";
import { createByteStream } from "./streams_tee_bytes.js";
import { closeBytes, enqueueBytes } from "./streams_bytes.js";
import { queueLength } from "./queue.js";
import { readableObject } from "./streams_readable.js";
import { respond } from "./streams_respond.js";
import {
  ArrayPush,
  exposeInterface,
  following,
  iterate,
  RegExpTest,
  rejected,
  resolved,
  StringReplaceAll,
  StringToLowerCase,
  StringToWellFormed,
  SymbolIterator,
  TypedArrayBuffer,
  TypedArrayByteLength,
  TypedArrayByteOffset,
  TypedArraySet,
  viewOf,
} from "./primordials.js";

const CHUNK_BYTES = 64 * 1024;
const PRINTABLE = /^[\x20-\x7e]*$/;
const INTERNAL = Symbol("internal");
let dataOf;

/** Bytes `start..end` of an array, sharing its memory. */
function part(bytes, start, end) {
  return new Uint8Array(TypedArrayBuffer(bytes), TypedArrayByteOffset(bytes) + start, end - start);
}

function copyOf(bytes) {
  const copy = new Uint8Array(TypedArrayByteLength(bytes));
  TypedArraySet(copy, bytes);
  return copy;
}

/** One array of all of them. */
export function joinBytes(parts) {
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += TypedArrayByteLength(parts[i]);
  const joined = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    TypedArraySet(joined, parts[i], at);
    at += TypedArrayByteLength(parts[i]);
  }
  return joined;
}

function normalType(type) {
  const text = `${type}`;
  return RegExpTest(PRINTABLE, text) ? StringToLowerCase(text) : "";
}

function optionsOf(options) {
  if (options === undefined || options === null) return { __proto__: null, endings: "transparent", type: "" };
  if (typeof options !== "object" && typeof options !== "function") throw new TypeError("The options must be an object");
  const { endings } = options;
  const converted = endings === undefined ? "transparent" : `${endings}`;
  if (converted !== "transparent" && converted !== "native") throw new TypeError(`'${converted}' is no way of endings`);
  const { type } = options;
  return { __proto__: null, endings: converted, type: type === undefined ? "" : normalType(type) };
}

function partsOf(given) {
  if ((typeof given !== "object" && typeof given !== "function") || given === null) {
    throw new TypeError("A Blob is made of a sequence of parts");
  }
  const method = given[SymbolIterator];
  if (typeof method !== "function") throw new TypeError("A Blob is made of a sequence of parts");
  const parts = [];
  iterate(given, method, (item) => {
    const isBytes = dataOf(item) !== undefined || viewOf(item) !== null;
    ArrayPush(parts, isBytes ? item : StringToWellFormed(`${item}`));
  });
  return parts;
}

function bytesOf(item, endings) {
  if (typeof item !== "string") {
    const data = dataOf(item);
    return data === undefined ? viewOf(item) : data.bytes;
  }
  const text = endings === "native" ? StringReplaceAll(StringReplaceAll(item, "\r\n", "\n"), "\r", "\n") : item;
  return new Uint8Array(host.utf8Encode(text));
}

function joinParts(given, endings) {
  const parts = [];
  for (let i = 0; i < given.length; i++) ArrayPush(parts, bytesOf(given[i], endings));
  return joinBytes(parts);
}

/** An offset of `slice`, counted from the end where it is negative. */
function offset(value, length, standard) {
  if (value === undefined) return standard;
  let number = +value;
  if (number !== number) number = 0;
  number -= number % 1;
  if (number < 0) return number + length < 0 ? 0 : number + length;
  return number > length ? length : number;
}

export class Blob {
  #data;
  constructor(blobParts, options) {
    if (blobParts === INTERNAL) {
      this.#data = options;
      return;
    }
    const parts = blobParts === undefined ? [] : partsOf(blobParts);
    const { endings, type } = optionsOf(options);
    this.#data = { __proto__: null, bytes: joinParts(parts, endings), type };
  }
  get size() {
    return TypedArrayByteLength(this.#data.bytes);
  }
  get type() {
    return this.#data.type;
  }
  slice(start = undefined, end = undefined, contentType = undefined) {
    const { bytes } = this.#data;
    const length = TypedArrayByteLength(bytes);
    const from = offset(start, length, 0);
    const to = offset(end, length, length);
    const type = contentType === undefined ? "" : normalType(contentType);
    return blobOf(part(bytes, from, to < from ? from : to), type);
  }
  stream() {
    return readableObject(bytesStream(this.#data.bytes));
  }
  text() {
    return withData(this, ({ bytes }) => decodeText(bytes));
  }
  arrayBuffer() {
    return withData(this, ({ bytes }) => TypedArrayBuffer(copyOf(bytes)));
  }
  bytes() {
    return withData(this, ({ bytes }) => copyOf(bytes));
  }
  static {
    dataOf = (value) => (typeof value === "object" && value !== null && #data in value ? value.#data : undefined);
  }
}
Object.defineProperty(Blob, "length", { value: 0, configurable: true });

function withData(blob, work) {
  const data = dataOf(blob);
  if (data === undefined) return rejected(new TypeError("Illegal invocation: this is not a Blob"));
  try {
    return resolved(work(data));
  } catch (error) {
    return rejected(error);
  }
}

/** UTF-8 as text, without a byte order mark. */
export function decodeText(bytes) {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return host.utf8Decode(marked ? part(bytes, 3, TypedArrayByteLength(bytes)) : bytes, false);
}

/** A stream of copies of the bytes, chunk by chunk. */
export function bytesStream(bytes) {
  const length = TypedArrayByteLength(bytes);
  let at = 0;
  const pull = () => {
    const { controller } = stream;
    const end = at + CHUNK_BYTES < length ? at + CHUNK_BYTES : length;
    if (end > at) {
      const chunk = copyOf(part(bytes, at, end));
      at = end;
      enqueueBytes(controller, TypedArrayBuffer(chunk), 0, TypedArrayByteLength(chunk));
    }
    if (at >= length) closeStream(controller);
    return following(undefined);
  };
  const stream = createByteStream({ __proto__: null, start() {}, pull, cancel: () => following(undefined) }, 0);
  return stream;
}

/** Closes a stream of bytes, and answers the reader that brought its own buffer. */
export function closeStream(controller) {
  closeBytes(controller);
  if (queueLength(controller.pullIntos) > 0) respond(controller, 0);
}

exposeInterface(Blob, "Blob");

/** A blob over bytes that are never changed. */
export function blobOf(bytes, type) {
  return new Blob(INTERNAL, { __proto__: null, bytes, type });
}

/** `{ bytes, type }` of a blob, or `undefined`. */
export function blobData(value) {
  return dataOf(value);
}
