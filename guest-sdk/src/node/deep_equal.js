// Deep equality, as `assert` and `util.isDeepStrictEqual` mean it.

import {
  ArrayIsArray,
  ArrayPush,
  DateGetTime,
  MapForEach,
  MapGet,
  MapHas,
  MapSize,
  ObjectGetPrototypeOf,
  ObjectHasOwn,
  ObjectToString,
  ReflectOwnKeys,
  RegExpToString,
  SetForEach,
  SetHas,
  SetSize,
  TypedArrayByteLength,
  viewOf,
} from "../api/primordials.js";
import { ObjectIs, PropertyIsEnumerable } from "./language.js";
import { isAnyArrayBuffer, isArrayBufferView, isBoxedPrimitive, isDate, isMap, isNativeError, isRegExp, isSet } from "./types.js";

/** Whether they are, strictly or as `==` has it. */
export function isDeepEqual(a, b, strict) {
  return same(a, b, strict, []);
}

function same(a, b, strict, pairs) {
  if (strict ? ObjectIs(a, b) : a === b || a == b || (a !== a && b !== b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (strict && ObjectGetPrototypeOf(a) !== ObjectGetPrototypeOf(b)) return false;
  if (ObjectToString(a) !== ObjectToString(b) || ArrayIsArray(a) !== ArrayIsArray(b)) return false;
  for (let i = 0; i < pairs.length; i++) if (pairs[i].a === a) return pairs[i].b === b;
  ArrayPush(pairs, { __proto__: null, a, b });
  const equal = sameInside(a, b, strict, pairs) && sameKeys(a, b, strict, pairs);
  pairs.length -= 1;
  return equal;
}

function sameInside(a, b, strict, pairs) {
  if (isDate(a)) return isDate(b) && ObjectIs(DateGetTime(a), DateGetTime(b));
  if (isRegExp(a)) return isRegExp(b) && RegExpToString(a) === RegExpToString(b) && a.lastIndex === b.lastIndex;
  if (isNativeError(a)) return isNativeError(b) && a.message === b.message && a.name === b.name && same(a.cause, b.cause, strict, pairs);
  if (isBoxedPrimitive(a)) return isBoxedPrimitive(b) && ObjectIs(a.valueOf(), b.valueOf());
  if (isArrayBufferView(a) || isAnyArrayBuffer(a)) return sameBytes(a, b);
  if (isMap(a)) return isMap(b) && sameMaps(a, b, strict, pairs);
  if (isSet(a)) return isSet(b) && sameSets(a, b, strict, pairs);
  return !ArrayIsArray(a) || a.length === b.length;
}

function sameBytes(a, b) {
  const first = viewOf(a);
  const second = viewOf(b);
  if (second === null || TypedArrayByteLength(first) !== TypedArrayByteLength(second)) return false;
  for (let i = 0; i < TypedArrayByteLength(first); i++) if (first[i] !== second[i]) return false;
  return true;
}

/** Whether each of what `mine` visits has one of its own among `others`. */
function matched(mine, others, equal) {
  for (let i = 0; i < mine.length; i++) {
    let found = -1;
    for (let j = 0; j < others.length && found < 0; j++) if (!others[j].taken && equal(mine[i], others[j])) found = j;
    if (found < 0) return false;
    others[found].taken = true;
  }
  return true;
}

function sameMaps(a, b, strict, pairs) {
  if (MapSize(a) !== MapSize(b)) return false;
  const mine = [];
  const others = [];
  let equal = true;
  MapForEach(a, (value, key) => {
    if (!MapHas(b, key)) ArrayPush(mine, { __proto__: null, key, value, taken: false });
    else equal &&= same(value, MapGet(b, key), strict, pairs);
  });
  if (!equal) return false;
  MapForEach(b, (value, key) => {
    if (!MapHas(a, key)) ArrayPush(others, { __proto__: null, key, value, taken: false });
  });
  return matched(mine, others, (x, y) => same(x.key, y.key, strict, pairs) && same(x.value, y.value, strict, pairs));
}

function sameSets(a, b, strict, pairs) {
  if (SetSize(a) !== SetSize(b)) return false;
  const mine = [];
  const others = [];
  SetForEach(a, (value) => {
    if (!SetHas(b, value)) ArrayPush(mine, { __proto__: null, value, taken: false });
  });
  SetForEach(b, (value) => {
    if (!SetHas(a, value)) ArrayPush(others, { __proto__: null, value, taken: false });
  });
  return matched(mine, others, (x, y) => same(x.value, y.value, strict, pairs));
}

function enumerableKeys(object, strict) {
  const keys = [];
  const all = ReflectOwnKeys(object);
  for (let i = 0; i < all.length; i++) {
    if (PropertyIsEnumerable(object, all[i]) && (strict || typeof all[i] === "string")) ArrayPush(keys, all[i]);
  }
  return keys;
}

function sameKeys(a, b, strict, pairs) {
  if (isArrayBufferView(a)) return true;
  const keys = enumerableKeys(a, strict);
  if (enumerableKeys(b, strict).length !== keys.length) return false;
  for (let i = 0; i < keys.length; i++) {
    if (!ObjectHasOwn(b, keys[i]) || !same(a[keys[i]], b[keys[i]], strict, pairs)) return false;
  }
  return true;
}
