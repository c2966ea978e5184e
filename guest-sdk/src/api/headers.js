// Headers: names and values are checked natively, so that nothing here can split a response.

import { host } from "./host.js";
import { definePairs } from "./iterators.js";
import {
  ArrayJoin,
  ArrayPush,
  ArraySort,
  exposeInterface,
  isByteString,
  iterate,
  ObjectDefineProperty,
  ReflectGetOwnPropertyDescriptor,
  ReflectOwnKeys,
  SymbolIterator,
} from "./primordials.js";

const HEADERS = 0;

let listOf;
let pairsOf;
let adopt;
let guard;

/** What a guard that refuses changes is. */
export const IMMUTABLE = "immutable";

export class Headers {
  // Pairs of a lower-case name and a value, in the order they were added.
  #list = [];
  // The pairs as iteration has them, until something changes.
  #sorted = null;
  #guard = null;
  constructor(init = undefined) {
    if (init === undefined) return;
    const list = host.headerList(init);
    if (list !== undefined) {
      this.#list = list;
      return;
    }
    if ((typeof init !== "object" && typeof init !== "function") || init === null) {
      throw new TypeError("Headers takes an object or pairs");
    }
    const method = init[SymbolIterator];
    if (#list in init && method === entries) {
      const list = init.#list;
      for (let i = 0; i < list.length; i++) ArrayPush(this.#list, [list[i][0], list[i][1]]);
    } else if (method !== undefined && method !== null) fillFromPairs(this, init, method);
    else fillFromRecord(this, init);
  }
  append(name, value) {
    this.#list;
    required(arguments.length, 2, "append");
    const key = checkedName(name);
    const checked = checkedValue(name, value);
    this.#changing();
    ArrayPush(this.#list, [key, checked]);
  }
  delete(name) {
    this.#list;
    required(arguments.length, 1, "delete");
    const key = checkedName(name);
    this.#changing();
    const kept = [];
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] !== key) ArrayPush(kept, this.#list[i]);
    this.#list = kept;
  }
  get(name) {
    this.#list;
    required(arguments.length, 1, "get");
    return joined(this.#list, checkedName(name));
  }
  getSetCookie() {
    const values = [];
    for (let i = 0; i < this.#list.length; i++) {
      if (this.#list[i][0] === "set-cookie") ArrayPush(values, this.#list[i][1]);
    }
    return values;
  }
  has(name) {
    this.#list;
    required(arguments.length, 1, "has");
    const key = checkedName(name);
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] === key) return true;
    return false;
  }
  set(name, value) {
    this.#list;
    required(arguments.length, 2, "set");
    const key = checkedName(name);
    const checked = checkedValue(name, value);
    this.#changing();
    let done = false;
    const kept = [];
    for (let i = 0; i < this.#list.length; i++) {
      const pair = this.#list[i];
      if (pair[0] !== key) ArrayPush(kept, pair);
      else if (!done) {
        done = true;
        ArrayPush(kept, [key, checked]);
      }
    }
    if (!done) ArrayPush(kept, [key, checked]);
    this.#list = kept;
  }
  #changing() {
    if (this.#guard === IMMUTABLE) throw new TypeError("These headers cannot be changed");
    this.#sorted = null;
  }
  static {
    listOf = (headers) => headers.#list;
    pairsOf = (headers) => {
      const list = headers.#list;
      return (headers.#sorted ??= sorted(list));
    };
    const like = new Headers();
    const list = [];
    like.#list = list;
    host.adoptList(like, list, HEADERS);
    adopt = host.maker(like, list);
    guard = (headers) => {
      headers.#guard = IMMUTABLE;
    };
  }
}
ObjectDefineProperty(Headers.prototype, "get", { __proto__: null, value: host.listGetter(Headers.prototype.get, HEADERS) });
definePairs(Headers, "Headers", (headers) => pairsOf(headers));
exposeInterface(Headers, "Headers");
const entries = Headers.prototype[SymbolIterator];

function required(given, count, method) {
  if (given < count) throw new TypeError(`Headers.${method} needs ${count} arguments`);
}

function fillFromPairs(headers, init, method) {
  const pairs = [];
  iterate(init, method, (pair) => {
    if ((typeof pair !== "object" && typeof pair !== "function") || pair === null) {
      throw new TypeError("Headers takes pairs of a name and a value");
    }
    const entry = [];
    iterate(pair, pair[SymbolIterator], (item) => ArrayPush(entry, item));
    if (entry.length !== 2) throw new TypeError("Headers takes pairs of a name and a value");
    ArrayPush(pairs, entry);
  });
  for (let i = 0; i < pairs.length; i++) appendTo(headers, pairs[i][0], pairs[i][1]);
}

function fillFromRecord(headers, init) {
  const keys = ReflectOwnKeys(init);
  const pairs = [];
  for (let i = 0; i < keys.length; i++) {
    const descriptor = ReflectGetOwnPropertyDescriptor(init, keys[i]);
    if (descriptor === undefined || !descriptor.enumerable) continue;
    if (typeof keys[i] === "symbol") throw new TypeError("A header's name is a string");
    requireBytes(keys[i]);
    ArrayPush(pairs, [keys[i], requireBytes(`${init[keys[i]]}`)]);
  }
  for (let i = 0; i < pairs.length; i++) appendTo(headers, pairs[i][0], pairs[i][1]);
}

function appendTo(headers, name, value) {
  ArrayPush(listOf(headers), [checkedName(name), checkedValue(name, value)]);
}

function joined(list, key) {
  let first = null;
  let values = null;
  for (let i = 0; i < list.length; i++) {
    if (list[i][0] !== key) continue;
    if (first === null) first = list[i][1];
    else ArrayPush((values ??= [first]), list[i][1]);
  }
  return values === null ? first : ArrayJoin(values, ", ");
}

function sorted(list) {
  const names = [];
  for (let i = 0; i < list.length; i++) {
    let known = false;
    for (let j = 0; j < names.length; j++) known ||= names[j] === list[i][0];
    if (!known) ArrayPush(names, list[i][0]);
  }
  ArraySort(names);
  const pairs = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (name !== "set-cookie") ArrayPush(pairs, [name, joined(list, name)]);
    else for (let j = 0; j < list.length; j++) if (list[j][0] === name) ArrayPush(pairs, [name, list[j][1]]);
  }
  return pairs;
}

function requireBytes(text) {
  if (!isByteString(text)) throw new TypeError("Headers hold characters up to U+00FF");
  return text;
}

function checkedName(name) {
  const checked = host.headerName(typeof name === "string" ? name : `${name}`);
  if (checked === undefined) throw new TypeError(`'${name}' is not a header name`);
  return checked;
}

function checkedValue(name, value) {
  const checked = host.headerValue(typeof value === "string" ? value : `${value}`);
  if (checked === undefined) throw new TypeError(`The value of the header '${name}' has characters that no header may hold`);
  return checked;
}

/** The pairs of `headers`, for the host. */
export function headerList(headers) {
  return listOf(headers);
}

/** What `new Headers` gives. */
export function headersOf(init) {
  const list = host.headerList(init);
  return list === undefined ? new Headers(init) : adopt(list);
}

/** Headers over pairs that are known to be well formed. */
export function headersFromHost(list) {
  return adopt(list);
}

/** A header's value, whatever became of `Headers.prototype`. */
export function headerOf(headers, name) {
  return joined(listOf(headers), name);
}

/** Adds a header, whatever became of `Headers.prototype`. */
export function addHeader(headers, name, value) {
  ArrayPush(listOf(headers), [name, value]);
}

/** A copy of the headers. */
export function copyHeaders(headers) {
  const list = listOf(headers);
  const copy = [];
  for (let i = 0; i < list.length; i++) ArrayPush(copy, [list[i][0], list[i][1]]);
  return adopt(copy);
}

/** Makes them immutable. */
export function freezeHeaders(headers) {
  guard(headers);
  return headers;
}
