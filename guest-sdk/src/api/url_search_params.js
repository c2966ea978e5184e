// URLSearchParams: pairs, and the query of the URL that they belong to, if any.

import { host } from "./host.js";
import { definePairs } from "./iterators.js";
import {
  ArrayJoin,
  ArrayPush,
  exposeInterface,
  iterate,
  ObjectDefineProperty,
  ReflectGetOwnPropertyDescriptor,
  ReflectOwnKeys,
  StringSlice,
  StringToWellFormed,
  SymbolIterator,
} from "./primordials.js";

let listOf;
let setListOf;
let adopt;
let isParams;

const PARAMS = 1;

let changeQuery;

export class URLSearchParams {
  #list;
  // The URL whose query this is.
  #url = null;
  constructor(init = "") {
    if ((typeof init === "object" && init !== null) || typeof init === "function") this.#list = filled(init);
    else {
      const text = typeof init === "string" ? init : usv(init);
      this.#list = host.formDecode(text[0] === "?" ? StringSlice(text, 1) : text);
    }
  }
  get size() {
    return this.#list.length;
  }
  append(name, value) {
    this.#list;
    required(arguments.length, 2, "append");
    ArrayPush(this.#list, [usv(name), usv(value)]);
    this.#update();
  }
  delete(name, value = undefined) {
    this.#list;
    required(arguments.length, 1, "delete");
    const key = usv(name);
    const only = value === undefined ? undefined : usv(value);
    const kept = [];
    for (let i = 0; i < this.#list.length; i++) {
      if (!matches(this.#list[i], key, only)) ArrayPush(kept, this.#list[i]);
    }
    this.#list = kept;
    this.#update();
  }
  get(name) {
    this.#list;
    required(arguments.length, 1, "get");
    const key = usv(name);
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] === key) return this.#list[i][1];
    return null;
  }
  getAll(name) {
    this.#list;
    required(arguments.length, 1, "getAll");
    const key = usv(name);
    const values = [];
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] === key) ArrayPush(values, this.#list[i][1]);
    return values;
  }
  has(name, value = undefined) {
    this.#list;
    required(arguments.length, 1, "has");
    const key = usv(name);
    const only = value === undefined ? undefined : usv(value);
    for (let i = 0; i < this.#list.length; i++) if (matches(this.#list[i], key, only)) return true;
    return false;
  }
  set(name, value) {
    this.#list;
    required(arguments.length, 2, "set");
    const entry = [usv(name), usv(value)];
    const kept = [];
    let done = false;
    for (let i = 0; i < this.#list.length; i++) {
      if (this.#list[i][0] !== entry[0]) ArrayPush(kept, this.#list[i]);
      else if (!done) {
        done = true;
        ArrayPush(kept, entry);
      }
    }
    if (!done) ArrayPush(kept, entry);
    this.#list = kept;
    this.#update();
  }
  sort() {
    this.#list = mergeSort(this.#list);
    this.#update();
  }
  toString() {
    return text(this.#list);
  }
  #update() {
    if (this.#url !== null) changeQuery(this.#url, text(this.#list));
  }
  static {
    isParams = (value) => typeof value === "object" && value !== null && #list in value;
    listOf = (params) => params.#list;
    setListOf = (params, list) => {
      params.#list = list;
    };
    const like = new URLSearchParams();
    const [list, url] = [[], {}];
    like.#list = list;
    like.#url = url;
    adopt = host.maker(like, url, list);
    host.adoptList(like, list, PARAMS);
  }
}
ObjectDefineProperty(URLSearchParams.prototype, "get", {
  __proto__: null,
  value: host.listGetter(URLSearchParams.prototype.get, PARAMS),
});
definePairs(URLSearchParams, "URLSearchParams", (params) => listOf(params));
exposeInterface(URLSearchParams, "URLSearchParams");

function required(given, count, method) {
  if (given < count) throw new TypeError(`URLSearchParams.${method} needs ${count} arguments`);
}

function usv(value) {
  return StringToWellFormed(typeof value === "string" ? value : `${value}`);
}

function matches(pair, key, only) {
  return pair[0] === key && (only === undefined || pair[1] === only);
}

function filled(init) {
  const list = [];
  const method = init[SymbolIterator];
  if (method !== undefined && method !== null) {
    iterate(init, method, (pair) => {
      const entry = [];
      iterate(pair, pair[SymbolIterator], (item) => ArrayPush(entry, item));
      if (entry.length !== 2) throw new TypeError("URLSearchParams takes pairs of a name and a value");
      ArrayPush(list, [usv(entry[0]), usv(entry[1])]);
    });
    return list;
  }
  const keys = ReflectOwnKeys(init);
  for (let i = 0; i < keys.length; i++) {
    const descriptor = ReflectGetOwnPropertyDescriptor(init, keys[i]);
    if (descriptor === undefined || !descriptor.enumerable) continue;
    if (typeof keys[i] === "symbol") throw new TypeError("A parameter's name is a string");
    setEntry(list, usv(keys[i]), usv(init[keys[i]]));
  }
  return list;
}

/** Two keys of a record may become one: the later value counts. */
function setEntry(list, name, value) {
  for (let i = 0; i < list.length; i++) {
    if (list[i][0] !== name) continue;
    list[i][1] = value;
    return;
  }
  ArrayPush(list, [name, value]);
}

/** Stable, by code units of the names. */
function mergeSort(list) {
  if (list.length < 2) return list;
  const middle = list.length >> 1;
  const left = [];
  const right = [];
  for (let i = 0; i < list.length; i++) ArrayPush(i < middle ? left : right, list[i]);
  const a = mergeSort(left);
  const b = mergeSort(right);
  const merged = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (j >= b.length || (i < a.length && a[i][0] <= b[j][0])) ArrayPush(merged, a[i++]);
    else ArrayPush(merged, b[j++]);
  }
  return merged;
}

function text(list) {
  const parts = [];
  for (let i = 0; i < list.length; i++) {
    ArrayPush(parts, `${host.formEncode(list[i][0])}=${host.formEncode(list[i][1])}`);
  }
  return ArrayJoin(parts, "&");
}

/** Whether `value` is a `URLSearchParams`. */
export function isSearchParams(value) {
  return isParams(value);
}

/** Its pairs as text, whatever became of `toString`. */
export function searchParamsText(params) {
  return text(listOf(params));
}

/** The parameters of a URL's query, of which these are the pairs. */
export function paramsOfUrl(url, list) {
  return adopt(url, list);
}

/** What is called with a URL and its new query when its parameters have changed. */
export function onQueryChange(change) {
  changeQuery = change;
}

/** The URL has another query now, of these pairs. */
export function replaceParams(params, list) {
  setListOf(params, list);
}
