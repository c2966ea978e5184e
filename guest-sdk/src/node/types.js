// node:util/types: what a value is, whatever its prototype says.

import {
  ArrayBufferIsView,
  BigIntValueOf,
  BooleanValueOf,
  DateGetTime,
  isArrayBuffer,
  isErrorObject,
  MapSize,
  NumberValueOf,
  ObjectToString,
  SetSize,
  StringStartsWith,
  StringValueOf,
  SymbolToString,
  TypedArrayName,
} from "../api/primordials.js";
import { WeakMapHas, WeakSetHas } from "./language.js";

const isObject = (value) => typeof value === "object" && value !== null;

/** Whether a method of the engine's takes the value as its own. */
function taken(method) {
  return (value) => {
    if (!isObject(value)) return false;
    try {
      method(value);
      return true;
    } catch {
      return false;
    }
  };
}

export const isDate = taken(DateGetTime);
export const isRegExp = (value) => isObject(value) && ObjectToString(value) === "[object RegExp]";
export const isMap = taken(MapSize);
export const isSet = taken(SetSize);
export const isWeakMap = taken((value) => WeakMapHas(value, value));
export const isWeakSet = taken((value) => WeakSetHas(value, value));
export const isPromise = (value) => isObject(value) && value instanceof Promise;
export const isNativeError = (value) => isObject(value) && isErrorObject(value);
export const isNumberObject = taken(NumberValueOf);
export const isStringObject = taken(StringValueOf);
export const isBooleanObject = taken(BooleanValueOf);
export const isBigIntObject = taken(BigIntValueOf);
export const isSymbolObject = taken(SymbolToString);
export const isBoxedPrimitive = (value) =>
  isNumberObject(value) || isStringObject(value) || isBooleanObject(value) || isBigIntObject(value) || isSymbolObject(value);
export const isAnyArrayBuffer = isArrayBuffer;
export const isSharedArrayBuffer = () => false;
export const isArrayBufferView = (value) => ArrayBufferIsView(value);
export const isTypedArray = (value) => ArrayBufferIsView(value) && TypedArrayName(value) !== undefined;
export const isDataView = (value) => ArrayBufferIsView(value) && TypedArrayName(value) === undefined;
const named = (name) => (value) => ArrayBufferIsView(value) && TypedArrayName(value) === name;
export const isUint8Array = named("Uint8Array");
export const isUint8ClampedArray = named("Uint8ClampedArray");
export const isUint16Array = named("Uint16Array");
export const isUint32Array = named("Uint32Array");
export const isInt8Array = named("Int8Array");
export const isInt16Array = named("Int16Array");
export const isInt32Array = named("Int32Array");
export const isFloat32Array = named("Float32Array");
export const isFloat64Array = named("Float64Array");
export const isBigInt64Array = named("BigInt64Array");
export const isBigUint64Array = named("BigUint64Array");
const branded = (name) => (value) => isObject(value) && ObjectToString(value) === `[object ${name}]`;
export const isArgumentsObject = branded("Arguments");
export const isMapIterator = branded("Map Iterator");
export const isSetIterator = branded("Set Iterator");
export const isGeneratorObject = branded("Generator");
export const isModuleNamespaceObject = branded("Module");
const ofFunctions = (value, brand) => typeof value === "function" && StringStartsWith(ObjectToString(value), brand);
export const isAsyncFunction = (value) => ofFunctions(value, "[object Async");
export const isGeneratorFunction = (value) => ofFunctions(value, "[object GeneratorFunction") || ofFunctions(value, "[object AsyncGeneratorFunction");
