// The language's own functions that only Node's modules need, captured before any tenant's code runs.

import { uncurry } from "../api/primordials.js";

const TypedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);

export const ArraySlice = uncurry(Array.prototype.slice);
export const ArrayReverse = uncurry(Array.prototype.reverse);
export const DataViewConstructor = DataView;
export const FunctionBind = uncurry(Function.prototype.bind);
export const MapConstructor = Map;
export const NumberToString = uncurry(Number.prototype.toString);
export const ObjectAssign = Object.assign;
export const ObjectDefineProperties = Object.defineProperties;
export const ObjectSetPrototypeOf = Object.setPrototypeOf;
export const ObjectIs = Object.is;
export const PropertyIsEnumerable = uncurry(Object.prototype.propertyIsEnumerable);
export const StringFromCharCode = String.fromCharCode;
export const StringCodePointAt = uncurry(String.prototype.codePointAt);
export const StringLastIndexOf = uncurry(String.prototype.lastIndexOf);
export const StringTrim = uncurry(String.prototype.trim);
export const TypedArrayFill = uncurry(TypedArrayPrototype.fill);
export const TypedArrayIndexOf = uncurry(TypedArrayPrototype.indexOf);
export const SymbolToPrimitive = Symbol.toPrimitive;
export const encodeComponent = encodeURIComponent;
export const decodeText = decodeURIComponent;
export const WeakMapConstructor = WeakMap;
export const WeakMapGet = uncurry(WeakMap.prototype.get);
export const WeakMapHas = uncurry(WeakMap.prototype.has);
export const WeakSetHas = uncurry(WeakSet.prototype.has);
export const WeakMapSet = uncurry(WeakMap.prototype.set);

/** `DataView`'s getters and setters by the name of what they read: `Int16`, `Float64`, ... */
export const Getters = { __proto__: null };
export const Setters = { __proto__: null };
for (const name of ["Int8", "Uint8", "Int16", "Uint16", "Int32", "Uint32", "Float32", "Float64", "BigInt64", "BigUint64"]) {
  Getters[name] = uncurry(DataView.prototype[`get${name}`]);
  Setters[name] = uncurry(DataView.prototype[`set${name}`]);
}

/** Puts functions on a prototype or a constructor, the way the language's own are: not enumerable. */
export function define(object, members) {
  for (const key of Reflect.ownKeys(members)) {
    const descriptor = Object.getOwnPropertyDescriptor(members, key);
    descriptor.enumerable = false;
    Object.defineProperty(object, key, descriptor);
  }
}
