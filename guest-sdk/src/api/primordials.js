// Primordials: the language's own functions, captured before any tenant's code runs. Replacing them afterwards changes
// nothing here.

const { bind, call } = Function.prototype;
/** `uncurry(f)(self, ...args)` is `f.call(self, ...args)`, whatever becomes of `call`. */
export const uncurry = bind.bind(call);

export const ArrayIsArray = Array.isArray;
export const ArrayJoin = uncurry(Array.prototype.join);
export const ArrayPush = uncurry(Array.prototype.push);
export const ArrayShift = uncurry(Array.prototype.shift);
export const ArraySort = uncurry(Array.prototype.sort);
export const ArrayBufferIsView = ArrayBuffer.isView;
export const ArrayBufferSlice = uncurry(ArrayBuffer.prototype.slice);
export const ArrayBufferTransfer = uncurry(ArrayBuffer.prototype.transfer);
export const ArrayBufferDetached = uncurry(Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached").get);
export const ArrayBufferMaxByteLength = uncurry(Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "maxByteLength").get);
export const ArrayBufferResizable = uncurry(Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "resizable").get);
export const ArrayBufferByteLength = uncurry(Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get);
const TypedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
export const TypedArrayBuffer = uncurry(Object.getOwnPropertyDescriptor(TypedArrayPrototype, "buffer").get);
export const TypedArrayByteOffset = uncurry(Object.getOwnPropertyDescriptor(TypedArrayPrototype, "byteOffset").get);
export const TypedArrayByteLength = uncurry(Object.getOwnPropertyDescriptor(TypedArrayPrototype, "byteLength").get);
export const TypedArrayLength = uncurry(Object.getOwnPropertyDescriptor(TypedArrayPrototype, "length").get);
export const TypedArraySet = uncurry(TypedArrayPrototype.set);
export const TypedArrayName = uncurry(Object.getOwnPropertyDescriptor(TypedArrayPrototype, Symbol.toStringTag).get);
export const Uint8ArrayConstructor = Uint8Array;
export const DataViewBuffer = uncurry(Object.getOwnPropertyDescriptor(DataView.prototype, "buffer").get);
export const DataViewByteOffset = uncurry(Object.getOwnPropertyDescriptor(DataView.prototype, "byteOffset").get);
export const DataViewByteLength = uncurry(Object.getOwnPropertyDescriptor(DataView.prototype, "byteLength").get);
export const DateGetTime = uncurry(Date.prototype.getTime);
export const BigIntValueOf = uncurry(BigInt.prototype.valueOf);
export const BooleanValueOf = uncurry(Boolean.prototype.valueOf);
export const NumberValueOf = uncurry(Number.prototype.valueOf);
export const StringValueOf = uncurry(String.prototype.valueOf);
export const DateNow = Date.now;
export const DateToISOString = uncurry(Date.prototype.toISOString);
export const ErrorToString = uncurry(Error.prototype.toString);
export const FunctionToString = uncurry(Function.prototype.toString);
export const JSONParse = JSON.parse;
export const JSONStringify = JSON.stringify;
export const MapForEach = uncurry(Map.prototype.forEach);
export const SetForEach = uncurry(Set.prototype.forEach);
export const MapEntries = uncurry(Map.prototype.entries);
export const MapGet = uncurry(Map.prototype.get);
export const MapHas = uncurry(Map.prototype.has);
export const MapSet = uncurry(Map.prototype.set);
export const MapDelete = uncurry(Map.prototype.delete);
export const MapSize = uncurry(Object.getOwnPropertyDescriptor(Map.prototype, "size").get);
export const SetValues = uncurry(Set.prototype.values);
export const SetAdd = uncurry(Set.prototype.add);
export const SetHas = uncurry(Set.prototype.has);
export const SetSize = uncurry(Object.getOwnPropertyDescriptor(Set.prototype, "size").get);
export const MathClz32 = Math.clz32;
export const MathFloor = Math.floor;
export const MathMax = Math.max;
export const MathMin = Math.min;
export const MathTrunc = Math.trunc;
export const NumberIsFinite = Number.isFinite;
export const NumberIsInteger = Number.isInteger;
export const ObjectCreate = Object.create;
export const ObjectDefineProperty = Object.defineProperty;
export const ObjectFreeze = Object.freeze;
export const ObjectGetOwnPropertyDescriptor = Object.getOwnPropertyDescriptor;
export const ObjectGetPrototypeOf = Object.getPrototypeOf;
export const ObjectKeys = Object.keys;
export const ObjectHasOwn = Object.hasOwn;
export const ObjectToString = uncurry(Object.prototype.toString);
export const PromiseConstructor = Promise;
export const PromiseThen = uncurry(Promise.prototype.then);
const PromiseWithResolvers = uncurry(Promise.withResolvers);
export const PromiseResolve = uncurry(Promise.resolve);
export const PromiseReject = uncurry(Promise.reject);
export const ReflectApply = Reflect.apply;
export const ReflectDefineProperty = Reflect.defineProperty;
export const ReflectGetOwnPropertyDescriptor = Reflect.getOwnPropertyDescriptor;
export const ReflectOwnKeys = Reflect.ownKeys;
export const RegExpSource = uncurry(Object.getOwnPropertyDescriptor(RegExp.prototype, "source").get);
const REGEXP_FLAGS = [];
for (const [flag, name] of [
  ["d", "hasIndices"],
  ["g", "global"],
  ["i", "ignoreCase"],
  ["m", "multiline"],
  ["s", "dotAll"],
  ["u", "unicode"],
  ["v", "unicodeSets"],
  ["y", "sticky"],
]) {
  REGEXP_FLAGS.push({ flag, isSet: uncurry(Object.getOwnPropertyDescriptor(RegExp.prototype, name).get) });
}
/** The flags, from the engine's own slots. */
export function RegExpFlags(expression) {
  let flags = "";
  for (let i = 0; i < REGEXP_FLAGS.length; i++) if (REGEXP_FLAGS[i].isSet(expression)) flags += REGEXP_FLAGS[i].flag;
  return flags;
}
export const RegExpToString = uncurry(RegExp.prototype.toString);
export const RegExpMatch = uncurry(RegExp.prototype.exec);
/** Whether the text matches; `test` itself would look up `exec`. */
export const RegExpTest = (expression, text) => RegExpMatch(expression, text) !== null;
export const StringCharCodeAt = uncurry(String.prototype.charCodeAt);
export const StringConstructor = String;
export const StringIncludes = uncurry(String.prototype.includes);
export const StringIndexOf = uncurry(String.prototype.indexOf);
export const StringPadEnd = uncurry(String.prototype.padEnd);
export const StringPadStart = uncurry(String.prototype.padStart);
export const StringTrim = uncurry(String.prototype.trim);
export const StringTrimEnd = uncurry(String.prototype.trimEnd);
export const StringSlice = uncurry(String.prototype.slice);
export const StringSplit = uncurry(String.prototype.split);
export const StringStartsWith = uncurry(String.prototype.startsWith);
export const StringEndsWith = uncurry(String.prototype.endsWith);
export const StringToLowerCase = uncurry(String.prototype.toLowerCase);
export const StringToUpperCase = uncurry(String.prototype.toUpperCase);
export const StringToWellFormed = uncurry(String.prototype.toWellFormed);
export const SymbolToString = uncurry(Symbol.prototype.toString);
export const SymbolAsyncIterator = Symbol.asyncIterator;
export const SymbolIterator = Symbol.iterator;
export const SymbolToPrimitive = Symbol.toPrimitive;
export const SymbolToStringTag = Symbol.toStringTag;

/** The constructors of typed arrays, by the name that an array has whatever its prototype. */
export const VIEWS = {
  __proto__: null,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float16Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

const BYTES = /^[\0-\xff]*$/;

/** Whether all characters are up to U+00FF. */
export function isByteString(text) {
  return RegExpTest(BYTES, text);
}

/** The text with every `from` replaced; `replaceAll` itself would look up `Symbol.replace`. */
export function StringReplaceAll(text, from, to) {
  let replaced = "";
  let at = 0;
  for (;;) {
    const next = StringIndexOf(text, from, at);
    if (next < 0) return replaced + StringSlice(text, at);
    replaced += StringSlice(text, at, next) + to;
    at = next + from.length;
  }
}

/** A promise for `value`, made by the language's own `Promise`. */
export function resolved(value) {
  return PromiseResolve(PromiseConstructor, value);
}

/** A rejected promise, made by the language's own `Promise`. */
export function rejected(reason) {
  return PromiseReject(PromiseConstructor, reason);
}

/** A promise with the functions that settle it, made by the language's own `Promise`. */
export function deferred() {
  return PromiseWithResolvers(PromiseConstructor);
}

const DEFAULT_SPECIES = { __proto__: null, value: undefined, configurable: true };

/**
 * `promise.then(...)`, whatever became of `Promise.prototype`: `then` asks a promise for its constructor, which a tenant
 * may have replaced, so that for as long as it asks the promise has one of its own.
 */
export function uponPromise(promise, onFulfilled, onRejected) {
  const masked = ReflectDefineProperty(promise, "constructor", DEFAULT_SPECIES);
  const derived = PromiseThen(promise, onFulfilled, onRejected);
  if (masked) delete promise.constructor;
  return derived;
}

const OWN_THEN = { __proto__: null, value: Promise.prototype.then, configurable: true };

/** Makes a promise of the platform's own fit to be the result of another: then its `then` is looked up, too. */
export function adoptable(promise) {
  ReflectDefineProperty(promise, "then", OWN_THEN);
  ReflectDefineProperty(promise, "constructor", DEFAULT_SPECIES);
  return promise;
}

function ignore() {}

/** A rejection of `promise` counts as handled. */
export function markHandled(promise) {
  uponPromise(promise, undefined, ignore);
}

/** A new promise that follows `value`, which may be a promise of another class. */
export function following(value) {
  const { promise, resolve } = deferred();
  resolve(value);
  return promise;
}

/** A view of the same bytes, or `null` where `value` holds none. */
export function viewOf(value) {
  if (ArrayBufferIsView(value)) {
    return TypedArrayName(value) === undefined
      ? new Uint8ArrayConstructor(DataViewBuffer(value), DataViewByteOffset(value), DataViewByteLength(value))
      : new Uint8ArrayConstructor(TypedArrayBuffer(value), TypedArrayByteOffset(value), TypedArrayByteLength(value));
  }
  return isArrayBuffer(value) ? new Uint8ArrayConstructor(value) : null;
}

const ErrorIsError = Error.isError;

/** Whether `value` is an error of the language's, whatever its prototype. */
export function isErrorObject(value) {
  return ErrorIsError === undefined ? ObjectToString(value) === "[object Error]" || value instanceof Error : ErrorIsError(value);
}

/** A new buffer with a copy of bytes of `buffer`. */
export function copyBytes(buffer, byteOffset, byteLength) {
  const copy = new Uint8ArrayConstructor(byteLength);
  TypedArraySet(copy, new Uint8ArrayConstructor(buffer, byteOffset, byteLength));
  return TypedArrayBuffer(copy);
}

/** Whether `value` is an `ArrayBuffer`, of whatever prototype. */
export function isArrayBuffer(value) {
  if (typeof value !== "object" || value === null) return false;
  try {
    ArrayBufferByteLength(value);
    return true;
  } catch {
    return false;
  }
}

/** Visits what an iterable gives, by `method`, its `Symbol.iterator`, which was read already. */
export function iterate(iterable, method, visit) {
  const iterator = ReflectApply(method, iterable, []);
  if (!isObject(iterator)) throw new TypeError("The iterator is not an object");
  const { next } = iterator;
  for (;;) {
    const step = ReflectApply(next, iterator, []);
    if (!isObject(step)) throw new TypeError("The iterator's result is not an object");
    if (step.done) return;
    try {
      visit(step.value);
    } catch (error) {
      closeIterator(iterator);
      throw error;
    }
  }
}

function closeIterator(iterator) {
  try {
    const method = iterator.return;
    if (method !== undefined && method !== null) ReflectApply(method, iterator, []);
  } catch {
    // The error that ended the iteration is the one to report.
  }
}

function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Puts something on the global object the way the platform's own things are: writable, not enumerable. */
export function expose(name, value) {
  ObjectDefineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
}

/** Puts a function on the global object, enumerable as the web platform has them: the one method, which nothing constructs. */
export function exposeFunction(method) {
  const { 0: name } = ObjectKeys(method);
  ObjectDefineProperty(globalThis, name, { value: method[name], writable: true, enumerable: true, configurable: true });
}

/** Makes the class print as the web platform's classes do, and its members enumerable, as theirs are. */
export function tag(constructor, name) {
  enumerable(constructor.prototype);
  enumerable(constructor);
  ObjectDefineProperty(constructor.prototype, Symbol.toStringTag, { value: name, configurable: true });
}

const NOT_MEMBERS = { __proto__: null, constructor: true, length: true, name: true, prototype: true };

function enumerable(object) {
  for (const key of Reflect.ownKeys(object)) {
    if (typeof key === "symbol" || (NOT_MEMBERS[key] && !(key === "name" && typeof object !== "function"))) continue;
    ObjectDefineProperty(object, key, { enumerable: true });
  }
}

const prototypes = new Set();

/** Whether an object is of an interface of the platform's. */
export function isPlatformObject(value) {
  for (let object = ObjectGetPrototypeOf(value); object !== null; object = ObjectGetPrototypeOf(object)) {
    if (SetHas(prototypes, object)) return true;
  }
  return false;
}

/** Puts an interface on the global object. */
export function exposeInterface(constructor, name) {
  SetAdd(prototypes, constructor.prototype);
  tag(constructor, name);
  expose(name, constructor);
}
