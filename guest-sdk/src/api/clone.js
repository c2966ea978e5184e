// structuredClone, without transfer.

import { DOMException } from "./exceptions.js";
import {
  ArrayBufferByteLength,
  ArrayBufferIsView,
  ArrayBufferSlice,
  ArrayIsArray,
  DataViewBuffer,
  DataViewByteLength,
  DataViewByteOffset,
  DateGetTime,
  expose,
  isArrayBuffer,
  MapEntries,
  MapGet,
  MapHas,
  MapSet,
  ObjectGetPrototypeOf,
  ObjectKeys,
  ObjectToString,
  SetAdd,
  SetValues,
  TypedArrayBuffer,
  TypedArrayByteLength,
  TypedArrayByteOffset,
  TypedArrayName,
} from "./primordials.js";

const WRAPPERS = { __proto__: null, "[object Boolean]": 1, "[object Number]": 1, "[object String]": 1 };
const ERRORS = { __proto__: null, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const VIEWS = {
  __proto__: null,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

function refuse(value) {
  const what = typeof value === "function" ? `the function '${value.name}'` : String(value);
  throw new DOMException(`${what} could not be cloned.`, "DataCloneError");
}

function clone(value, seen) {
  if (typeof value === "symbol" || typeof value === "function") refuse(value);
  if (typeof value !== "object" || value === null) return value;
  if (MapHas(seen, value)) return MapGet(seen, value);
  const remember = (copy) => {
    MapSet(seen, value, copy);
    return copy;
  };
  if (ArrayIsArray(value)) {
    const copy = remember(new Array(value.length));
    for (const key of ObjectKeys(value)) copy[key] = clone(value[key], seen);
    return copy;
  }
  if (isArrayBuffer(value)) return remember(ArrayBufferSlice(value, 0, ArrayBufferByteLength(value)));
  if (ArrayBufferIsView(value)) return remember(cloneView(value, seen));
  switch (ObjectToString(value)) {
    case "[object Date]":
      return remember(new Date(DateGetTime(value)));
    case "[object RegExp]":
      return remember(new RegExp(value.source, value.flags));
    case "[object Map]": {
      const copy = remember(new Map());
      for (const [key, entry] of [...MapEntries(value)]) MapSet(copy, clone(key, seen), clone(entry, seen));
      return copy;
    }
    case "[object Set]": {
      const copy = remember(new Set());
      for (const entry of [...SetValues(value)]) SetAdd(copy, clone(entry, seen));
      return copy;
    }
    case "[object Error]":
      return cloneError(value, seen, remember);
    case "[object Promise]":
    case "[object WeakMap]":
    case "[object WeakSet]":
    case "[object WeakRef]":
      return refuse(value);
  }
  if (WRAPPERS[ObjectToString(value)]) return remember(Object(value.valueOf()));
  const copy = remember({});
  for (const key of ObjectKeys(value)) copy[key] = clone(value[key], seen);
  return copy;
}

function cloneView(view, seen) {
  const name = TypedArrayName(view);
  if (name === undefined) {
    return new DataView(clone(DataViewBuffer(view), seen), DataViewByteOffset(view), DataViewByteLength(view));
  }
  const constructor = VIEWS[name];
  const buffer = clone(TypedArrayBuffer(view), seen);
  return new constructor(buffer, TypedArrayByteOffset(view), TypedArrayByteLength(view) / constructor.BYTES_PER_ELEMENT);
}

function cloneError(error, seen, remember) {
  const prototype = ObjectGetPrototypeOf(error);
  const constructor = (prototype !== null && ERRORS[error.name]) || Error;
  const copy = remember(new constructor(error.message));
  if (typeof error.stack === "string") copy.stack = error.stack;
  if ("cause" in error) copy.cause = clone(error.cause, seen);
  return copy;
}

expose("structuredClone", function structuredClone(value, options) {
  if (arguments.length === 0) throw new TypeError("structuredClone needs a value");
  if (options?.transfer !== undefined && [...options.transfer].length > 0) {
    throw new DOMException("structuredClone does not transfer", "NotSupportedError");
  }
  return clone(value, new Map());
});
