// The first half of structuredClone: StructuredSerialize, a value as records.

import { blobData, blobOf } from "./blob.js";
import { fileFacts, fileOf } from "./blob_file.js";
import { DOMException, isDOMException } from "./exceptions.js";
import {
  ArrayBufferByteLength,
  ArrayBufferDetached,
  ArrayBufferIsView,
  ArrayBufferMaxByteLength,
  ArrayBufferResizable,
  ArrayIsArray,
  ArrayPush,
  BigIntValueOf,
  BooleanValueOf,
  copyBytes,
  DataViewBuffer,
  DataViewByteLength,
  DataViewByteOffset,
  DateGetTime,
  isArrayBuffer,
  isErrorObject,
  isPlatformObject,
  MapForEach,
  MapGet,
  MapSet,
  NumberValueOf,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectHasOwn,
  ObjectKeys,
  ObjectToString,
  RegExpFlags,
  RegExpSource,
  SetForEach,
  StringValueOf,
  TypedArrayBuffer,
  TypedArrayByteOffset,
  TypedArrayLength,
  TypedArrayName,
} from "./primordials.js";

const ObjectPrototype = Object.prototype;
const RegExpPrototype = RegExp.prototype;

/** A `DataCloneError`. */
export function refuse(value) {
  const what = typeof value === "function" ? "A function" : typeof value === "symbol" ? "A symbol" : ObjectToString(value);
  throw new DOMException(`${what} could not be cloned.`, "DataCloneError");
}

/** Calls `get`, which throws where `value` has not the slot that it reads. */
function slot(get, value) {
  try {
    return { __proto__: null, value: get(value) };
  } catch {
    return null;
  }
}

/** The record of a value; `memory` has those of the objects that were met before, and of what is transferred. */
export function write(value, memory) {
  if (typeof value === "symbol" || typeof value === "function") refuse(value);
  if (typeof value !== "object" || value === null) return value;
  const known = MapGet(memory, value);
  if (known !== undefined) return known;
  if (ArrayIsArray(value)) return writeArray(value, memory);
  if (ObjectGetPrototypeOf(value) === ObjectPrototype && ObjectToString(value) === "[object Object]") {
    return writeObject(value, memory);
  }
  return writeExotic(value, memory);
}

function remember(memory, value, record) {
  MapSet(memory, value, record);
  return record;
}

function writeExotic(value, memory) {
  const record = writePrimitive(value, memory) ?? writeBytes(value, memory);
  if (record !== null) return record;
  const collection = writeCollection(value, memory);
  if (collection !== null) return collection;
  const platform = writePlatform(value);
  if (platform !== null) return remember(memory, value, platform);
  if (isErrorObject(value)) return writeError(value, memory);
  if (isPlatformObject(value) || CLOSED[ObjectToString(value)]) refuse(value);
  return writeObject(value, memory);
}

// What has inner state that cannot be written down.
const CLOSED = {
  __proto__: null,
  "[object Promise]": true,
  "[object WeakMap]": true,
  "[object WeakSet]": true,
  "[object WeakRef]": true,
  "[object FinalizationRegistry]": true,
  "[object Generator]": true,
  "[object AsyncGenerator]": true,
};

function writePrimitive(value, memory) {
  const date = slot(DateGetTime, value);
  if (date !== null) return remember(memory, value, { __proto__: null, kind: "date", time: date.value });
  const source = value === RegExpPrototype ? null : slot(RegExpSource, value);
  if (source !== null) {
    const record = { __proto__: null, kind: "regexp", source: source.value, flags: RegExpFlags(value) };
    return remember(memory, value, record);
  }
  const wrapped =
    slot(BooleanValueOf, value) ?? slot(NumberValueOf, value) ?? slot(StringValueOf, value) ?? slot(BigIntValueOf, value);
  if (wrapped !== null) return remember(memory, value, { __proto__: null, kind: "wrapper", value: wrapped.value });
  return null;
}

function writeBytes(value, memory) {
  if (isArrayBuffer(value)) {
    if (ArrayBufferDetached(value)) refuse(value);
    const record = {
      __proto__: null,
      kind: "buffer",
      bytes: copyBytes(value, 0, ArrayBufferByteLength(value)),
      most: ArrayBufferResizable(value) ? ArrayBufferMaxByteLength(value) : undefined,
    };
    return remember(memory, value, record);
  }
  if (!ArrayBufferIsView(value)) return null;
  const name = TypedArrayName(value);
  const buffer = name === undefined ? DataViewBuffer(value) : TypedArrayBuffer(value);
  if (!isArrayBuffer(buffer) || ArrayBufferDetached(buffer)) refuse(value);
  return remember(memory, value, {
    __proto__: null,
    kind: "view",
    name,
    offset: name === undefined ? DataViewByteOffset(value) : TypedArrayByteOffset(value),
    length: name === undefined ? DataViewByteLength(value) : TypedArrayLength(value),
    buffer: write(buffer, memory),
  });
}

function writeCollection(value, memory) {
  const entries = [];
  const gatherPair = (item, key) => {
    ArrayPush(entries, key);
    ArrayPush(entries, item);
  };
  if (slot((map) => MapForEach(map, gatherPair), value) !== null) {
    return fill(remember(memory, value, { __proto__: null, kind: "map", items: [] }), entries, memory);
  }
  const gather = (item) => {
    ArrayPush(entries, item);
  };
  if (slot((set) => SetForEach(set, gather), value) !== null) {
    return fill(remember(memory, value, { __proto__: null, kind: "set", items: [] }), entries, memory);
  }
  return null;
}

function fill(record, entries, memory) {
  for (let i = 0; i < entries.length; i++) ArrayPush(record.items, write(entries[i], memory));
  return record;
}

function writePlatform(value) {
  const data = blobData(value);
  if (data !== undefined) {
    const facts = fileFacts(value);
    const copy = blobOf(data.bytes, data.type);
    const make = facts === undefined ? () => copy : () => fileOf(copy, facts.name, facts.lastModified);
    return { __proto__: null, kind: "platform", make };
  }
  if (!isDOMException(value)) return null;
  const { message, name } = value;
  return { __proto__: null, kind: "platform", make: () => new DOMException(message, name) };
}

function ownText(object, key) {
  const descriptor = ObjectGetOwnPropertyDescriptor(object, key);
  if (descriptor === undefined || !("value" in descriptor)) return undefined;
  return `${descriptor.value}`;
}

function writeError(error, memory) {
  const { name, stack } = error;
  const record = remember(memory, error, {
    __proto__: null,
    kind: "error",
    name: name === undefined ? "Error" : `${name}`,
    message: ownText(error, "message"),
    stack: typeof stack === "string" ? stack : undefined,
    hasCause: ObjectHasOwn(error, "cause"),
    cause: undefined,
  });
  if (record.hasCause) record.cause = write(error.cause, memory);
  return record;
}

function writeArray(array, memory) {
  const record = remember(memory, array, { __proto__: null, kind: "array", length: array.length, keys: [], items: [] });
  return writeProperties(record, array, memory);
}

function writeObject(object, memory) {
  return writeProperties(remember(memory, object, { __proto__: null, kind: "object", keys: [], items: [] }), object, memory);
}

function writeProperties(record, object, memory) {
  const keys = ObjectKeys(object);
  for (let i = 0; i < keys.length; i++) {
    // A getter may have removed it.
    if (!ObjectHasOwn(object, keys[i])) continue;
    ArrayPush(record.keys, keys[i]);
    ArrayPush(record.items, write(object[keys[i]], memory));
  }
  return record;
}
