// structuredClone: a value is serialised as records, and deserialised from them; in between, what is transferred changes
// hands.

import { refuse, write } from "./clone_write.js";
import { DOMException } from "./exceptions.js";
import {
  ArrayBufferByteLength,
  ArrayBufferDetached,
  ArrayBufferTransfer,
  ArrayPush,
  exposeFunction,
  isArrayBuffer,
  iterate,
  MapGet,
  MapHas,
  MapSet,
  ObjectDefineProperty,
  SetAdd,
  SymbolIterator,
  TypedArraySet,
  VIEWS,
} from "./primordials.js";

const ERRORS = { __proto__: null, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

/** What else can change hands; the modules that come after this one say how. */
const transferables = [];

/** `detach` returns a function that makes the new object of `value`, or `undefined` where it is of another kind. */
export function onTransfer(isOne, detach) {
  ArrayPush(transferables, { __proto__: null, isOne, detach });
}

function kindOf(value) {
  for (let i = 0; i < transferables.length; i++) if (transferables[i].isOne(value)) return transferables[i];
  return null;
}

/** The objects of a transfer list, each of which can be transferred and is there once. */
function transferList(given) {
  const list = [];
  if (given === undefined) return list;
  if ((typeof given !== "object" && typeof given !== "function") || given === null) {
    throw new TypeError("transfer must be a sequence");
  }
  const method = given[SymbolIterator];
  if (typeof method !== "function") throw new TypeError("transfer must be a sequence");
  iterate(given, method, (value) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) {
      throw new TypeError("transfer holds objects");
    }
    ArrayPush(list, value);
  });
  return list;
}

/** Writes `value` down and takes what is transferred; `read` then makes the copy. */
export function serialize(value, transfer) {
  const memory = new Map();
  const moved = [];
  for (let i = 0; i < transfer.length; i++) {
    const object = transfer[i];
    if (MapHas(memory, object)) throw new DOMException("The transfer list has the same object twice", "DataCloneError");
    if (!isArrayBuffer(object) && kindOf(object) === null) refuse(object);
    const record = { __proto__: null, kind: "moved", make: null };
    MapSet(memory, object, record);
    ArrayPush(moved, record);
  }
  const root = write(value, memory);
  for (let i = 0; i < transfer.length; i++) moved[i].make = detach(transfer[i]);
  return { __proto__: null, root, moved };
}

function detach(object) {
  if (!isArrayBuffer(object)) return kindOf(object).detach(object);
  if (ArrayBufferDetached(object)) refuse(object);
  const buffer = ArrayBufferTransfer(object);
  return () => buffer;
}

/** The copy, and the objects that were transferred. */
export function deserialize({ root, moved }) {
  const made = new Map();
  const objects = [];
  for (let i = 0; i < moved.length; i++) {
    const object = moved[i].make();
    MapSet(made, moved[i], object);
    ArrayPush(objects, object);
  }
  return { __proto__: null, value: read(root, made), objects };
}

function read(record, made) {
  if (typeof record !== "object" || record === null) return record;
  const known = MapGet(made, record);
  if (known !== undefined) return known;
  const object = make(record, made);
  MapSet(made, record, object);
  complete(record, object, made);
  return object;
}

function make(record, made) {
  switch (record.kind) {
    case "date":
      return new Date(record.time);
    case "regexp":
      return new RegExp(record.source, record.flags);
    case "wrapper":
      return Object(record.value);
    case "buffer":
      return makeBuffer(record);
    case "view":
      return makeView(record, made);
    case "map":
      return new Map();
    case "set":
      return new Set();
    case "platform":
      return record.make();
    case "error":
      return makeError(record);
    case "array":
      return new Array(record.length);
    default:
      return {};
  }
}

function makeBuffer({ bytes, most }) {
  if (most === undefined) return bytes;
  const buffer = new ArrayBuffer(ArrayBufferByteLength(bytes), { __proto__: null, maxByteLength: most });
  TypedArraySet(new Uint8Array(buffer), new Uint8Array(bytes));
  return buffer;
}

function makeView({ name, buffer, offset, length }, made) {
  const constructor = name === undefined ? DataView : VIEWS[name];
  return new constructor(read(buffer, made), offset, length);
}

function define(object, key, value) {
  ObjectDefineProperty(object, key, { __proto__: null, value, writable: true, configurable: true });
}

function makeError({ name, message, stack }) {
  const error = new (ERRORS[name] ?? Error)();
  if (message !== undefined) define(error, "message", message);
  if (stack !== undefined) define(error, "stack", stack);
  return error;
}

function complete(record, object, made) {
  const { items, keys } = record;
  if (record.kind === "error" && record.hasCause) define(object, "cause", read(record.cause, made));
  else if (record.kind === "set") for (let i = 0; i < items.length; i++) SetAdd(object, read(items[i], made));
  else if (record.kind === "map") {
    for (let i = 0; i < items.length; i += 2) MapSet(object, read(items[i], made), read(items[i + 1], made));
  } else if (keys !== undefined) {
    for (let i = 0; i < keys.length; i++) {
      const value = read(items[i], made);
      ObjectDefineProperty(object, keys[i], { __proto__: null, value, writable: true, enumerable: true, configurable: true });
    }
  }
}

/** The transfer list of `{ transfer }` or of a sequence. */
export function transferOf(options) {
  if (options === undefined || options === null) return [];
  if (typeof options !== "object" && typeof options !== "function") throw new TypeError("The options must be an object");
  return transferList(typeof options[SymbolIterator] === "function" ? options : options.transfer);
}

exposeFunction({
  structuredClone(value, options = undefined) {
    if (arguments.length === 0) throw new TypeError("structuredClone needs a value");
    if (options !== undefined && options !== null && typeof options !== "object" && typeof options !== "function") {
      throw new TypeError("The options must be an object");
    }
    return deserialize(serialize(value, transferList(options?.transfer ?? undefined))).value;
  },
});
