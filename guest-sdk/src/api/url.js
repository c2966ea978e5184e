// URL and URLSearchParams: parsing is native, these are the objects around it.

import { host } from "./host.js";
import { ArrayJoin, ArrayPush, ArraySort, expose, StringSlice, SymbolIterator, tag } from "./primordials.js";

let setListOf;

export class URLSearchParams {
  #list = [];
  #url = null;
  constructor(init = "") {
    if (typeof init === "object" && init !== null) {
      if (typeof init[SymbolIterator] === "function") {
        for (const pair of init) {
          const [name, value, ...rest] = pair;
          if (rest.length > 0 || [...pair].length !== 2) {
            throw new TypeError("URLSearchParams takes pairs of a name and a value");
          }
          ArrayPush(this.#list, [usv(name), usv(value)]);
        }
      } else {
        for (const name of Object.keys(init)) ArrayPush(this.#list, [usv(name), usv(init[name])]);
      }
    } else {
      const text = `${init}`;
      this.#list = host.formDecode(text[0] === "?" ? StringSlice(text, 1) : text);
    }
  }
  get size() {
    return this.#list.length;
  }
  append(name, value) {
    ArrayPush(this.#list, [usv(name), usv(value)]);
    this.#changed();
  }
  delete(name, value) {
    const key = usv(name);
    const only = value === undefined ? undefined : usv(value);
    this.#list = this.#list.filter((pair) => pair[0] !== key || (only !== undefined && pair[1] !== only));
    this.#changed();
  }
  get(name) {
    const key = usv(name);
    for (const pair of this.#list) if (pair[0] === key) return pair[1];
    return null;
  }
  getAll(name) {
    const key = usv(name);
    return this.#list.filter((pair) => pair[0] === key).map((pair) => pair[1]);
  }
  has(name, value) {
    const key = usv(name);
    const only = value === undefined ? undefined : usv(value);
    return this.#list.some((pair) => pair[0] === key && (only === undefined || pair[1] === only));
  }
  set(name, value) {
    const key = usv(name);
    let done = false;
    this.#list = this.#list.filter((pair) => {
      if (pair[0] !== key) return true;
      if (done) return false;
      done = true;
      pair[1] = usv(value);
      return true;
    });
    if (!done) ArrayPush(this.#list, [key, usv(value)]);
    this.#changed();
  }
  sort() {
    ArraySort(this.#list, (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    this.#changed();
  }
  forEach(callback, self) {
    for (const [name, value] of this) callback.call(self, value, name, this);
  }
  *entries() {
    for (let i = 0; i < this.#list.length; i++) yield [this.#list[i][0], this.#list[i][1]];
  }
  *keys() {
    for (let i = 0; i < this.#list.length; i++) yield this.#list[i][0];
  }
  *values() {
    for (let i = 0; i < this.#list.length; i++) yield this.#list[i][1];
  }
  toString() {
    const parts = [];
    for (const [name, value] of this.#list) ArrayPush(parts, `${host.formEncode(name)}=${host.formEncode(value)}`);
    return ArrayJoin(parts, "&");
  }
  #changed() {
    this.#url?.(this.toString());
  }
  static {
    setListOf = (params, query, onChange) => {
      params.#list = host.formDecode(query);
      if (onChange !== undefined) params.#url = onChange;
    };
  }
}
Object.defineProperty(URLSearchParams.prototype, SymbolIterator, {
  value: URLSearchParams.prototype.entries,
  writable: true,
  configurable: true,
});
tag(URLSearchParams, "URLSearchParams");

function usv(value) {
  return `${value}`.toWellFormed();
}

// The order in which the native parser answers, and in which `urlSet` counts.
const HREF = 0;
const ORIGIN = 1;
const PROTOCOL = 2;
const USERNAME = 3;
const PASSWORD = 4;
const HOST = 5;
const HOSTNAME = 6;
const PORT = 7;
const PATHNAME = 8;
const SEARCH = 9;
const HASH = 10;

export class URL {
  #parts;
  #params = null;
  constructor(url, base) {
    const parts = host.urlParse(usv(url), base === undefined ? null : usv(base));
    if (parts === undefined) {
      const error = new TypeError(`Invalid URL: '${url}'`);
      error.code = "ERR_INVALID_URL";
      throw error;
    }
    this.#parts = parts;
  }
  static canParse(url, base) {
    return host.urlParse(usv(url), base === undefined ? null : usv(base)) !== undefined;
  }
  static parse(url, base) {
    return URL.canParse(url, base) ? new URL(url, base) : null;
  }
  #set(part, value) {
    this.#parts = host.urlSet(this.#parts[HREF], part, usv(value)) ?? this.#parts;
    if (this.#params !== null) setListOf(this.#params, StringSlice(this.#parts[SEARCH], 1));
  }
  get href() {
    return this.#parts[HREF];
  }
  set href(value) {
    const parts = host.urlParse(usv(value), null);
    if (parts === undefined) throw new TypeError(`Invalid URL: '${value}'`);
    this.#parts = parts;
    if (this.#params !== null) setListOf(this.#params, StringSlice(parts[SEARCH], 1));
  }
  get origin() {
    return this.#parts[ORIGIN];
  }
  get protocol() {
    return this.#parts[PROTOCOL];
  }
  set protocol(value) {
    this.#set(PROTOCOL, value);
  }
  get username() {
    return this.#parts[USERNAME];
  }
  set username(value) {
    this.#set(USERNAME, value);
  }
  get password() {
    return this.#parts[PASSWORD];
  }
  set password(value) {
    this.#set(PASSWORD, value);
  }
  get host() {
    return this.#parts[HOST];
  }
  set host(value) {
    this.#set(HOST, value);
  }
  get hostname() {
    return this.#parts[HOSTNAME];
  }
  set hostname(value) {
    this.#set(HOSTNAME, value);
  }
  get port() {
    return this.#parts[PORT];
  }
  set port(value) {
    this.#set(PORT, value);
  }
  get pathname() {
    return this.#parts[PATHNAME];
  }
  set pathname(value) {
    this.#set(PATHNAME, value);
  }
  get search() {
    return this.#parts[SEARCH];
  }
  set search(value) {
    this.#set(SEARCH, value);
  }
  get hash() {
    return this.#parts[HASH];
  }
  set hash(value) {
    this.#set(HASH, value);
  }
  get searchParams() {
    if (this.#params === null) {
      this.#params = new URLSearchParams();
      setListOf(this.#params, StringSlice(this.#parts[SEARCH], 1), (query) => {
        this.#parts = host.urlSet(this.#parts[HREF], SEARCH, query) ?? this.#parts;
      });
    }
    return this.#params;
  }
  toString() {
    return this.#parts[HREF];
  }
  toJSON() {
    return this.#parts[HREF];
  }
}
tag(URL, "URL");

expose("URL", URL);
expose("URLSearchParams", URLSearchParams);
