// Headers: names and values are checked natively, so that nothing here can split a response.

import { host } from "./host.js";
import { ArrayJoin, ArrayPush, ArraySort, expose, ObjectKeys, SymbolIterator, tag } from "./primordials.js";

let listOf;
let adopt;

export class Headers {
  // Pairs of a lower-case name and a value, in the order they were added.
  #list = [];
  constructor(init) {
    if (init === undefined || init === null) return;
    if (typeof init !== "object") throw new TypeError("Headers takes an object or pairs");
    if (#list in init && init[SymbolIterator] === Headers.prototype[SymbolIterator]) {
      const list = init.#list;
      for (let i = 0; i < list.length; i++) ArrayPush(this.#list, [list[i][0], list[i][1]]);
    } else if (typeof init[SymbolIterator] === "function") {
      for (const pair of init) {
        const entry = [...pair];
        if (entry.length !== 2) throw new TypeError("Headers takes pairs of a name and a value");
        this.append(entry[0], entry[1]);
      }
    } else {
      const names = ObjectKeys(init);
      for (let i = 0; i < names.length; i++) this.append(names[i], init[names[i]]);
    }
  }
  append(name, value) {
    ArrayPush(this.#list, [checkedName(name), checkedValue(name, value)]);
  }
  set(name, value) {
    const key = checkedName(name);
    const checked = checkedValue(name, value);
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
  get(name) {
    const key = checkedName(name);
    const values = [];
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] === key) ArrayPush(values, this.#list[i][1]);
    return values.length === 0 ? null : values.length === 1 ? values[0] : ArrayJoin(values, ", ");
  }
  has(name) {
    const key = checkedName(name);
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] === key) return true;
    return false;
  }
  delete(name) {
    const key = checkedName(name);
    const kept = [];
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] !== key) ArrayPush(kept, this.#list[i]);
    this.#list = kept;
  }
  getSetCookie() {
    const values = [];
    for (let i = 0; i < this.#list.length; i++) {
      if (this.#list[i][0] === "set-cookie") ArrayPush(values, this.#list[i][1]);
    }
    return values;
  }
  forEach(callback, self) {
    for (const [name, value] of this) callback.call(self, value, name, this);
  }
  *entries() {
    yield* this.#sorted();
  }
  *keys() {
    for (const pair of this.#sorted()) yield pair[0];
  }
  *values() {
    for (const pair of this.#sorted()) yield pair[1];
  }
  #sorted() {
    const names = [];
    for (const [name] of this.#list) {
      let known = false;
      for (const other of names) known ||= other === name;
      if (!known) ArrayPush(names, name);
    }
    ArraySort(names);
    const pairs = [];
    for (const name of names) {
      if (name === "set-cookie") for (const value of this.getSetCookie()) ArrayPush(pairs, [name, value]);
      else ArrayPush(pairs, [name, this.get(name)]);
    }
    return pairs;
  }
  static {
    listOf = (headers) => headers.#list;
    adopt = (list) => {
      const headers = new Headers();
      headers.#list = list;
      return headers;
    };
  }
}
Object.defineProperty(Headers.prototype, SymbolIterator, {
  value: Headers.prototype.entries,
  writable: true,
  configurable: true,
});
tag(Headers, "Headers");

function checkedName(name) {
  const checked = host.headerName(`${name}`);
  if (checked === undefined) throw new TypeError(`'${name}' is not a header name`);
  return checked;
}

function checkedValue(name, value) {
  const checked = host.headerValue(`${value}`);
  if (checked === undefined) throw new TypeError(`The value of the header '${name}' has characters that no header may hold`);
  return checked;
}

/** The pairs of `headers`, for the host. */
export function headerList(headers) {
  return listOf(headers);
}

/** Headers over pairs that are known to be well formed. */
export function headersFromHost(list) {
  return adopt(list);
}

expose("Headers", Headers);
