// URL: parsing is native, this is the object around it.

import { host } from "./host.js";
import { paramsOfQuery, replaceParams } from "./url_search_params.js";
import { exposeInterface, StringSlice, StringToWellFormed } from "./primordials.js";

function usv(value) {
  return StringToWellFormed(`${value}`);
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

const PARSED = Symbol("parsed");

export class URL {
  #parts;
  #params = null;
  constructor(url, base = undefined) {
    if (arguments.length === 0) throw new TypeError("URL needs a URL");
    const parts = url === PARSED ? base : parse(url, base);
    if (parts === undefined) throw invalid(url);
    this.#parts = parts;
  }
  static canParse(url, base = undefined) {
    if (arguments.length === 0) throw new TypeError("URL.canParse needs a URL");
    return parse(url, base) !== undefined;
  }
  static parse(url, base = undefined) {
    if (arguments.length === 0) throw new TypeError("URL.parse needs a URL");
    const parts = parse(url, base);
    return parts === undefined ? null : new URL(PARSED, parts);
  }
  #set(part, value) {
    this.#parts = host.urlSet(this.#parts[HREF], part, usv(value)) ?? this.#parts;
    if (this.#params !== null) replaceParams(this.#params, StringSlice(this.#parts[SEARCH], 1));
  }
  get href() {
    return this.#parts[HREF];
  }
  set href(value) {
    const parts = parse(value, undefined);
    if (parts === undefined) throw invalid(value);
    this.#parts = parts;
    if (this.#params !== null) replaceParams(this.#params, StringSlice(parts[SEARCH], 1));
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
    this.#params ??= paramsOfQuery(StringSlice(this.#parts[SEARCH], 1), (query) => {
      this.#parts = host.urlSet(this.#parts[HREF], SEARCH, query) ?? this.#parts;
    });
    return this.#params;
  }
  toString() {
    return this.#parts[HREF];
  }
  toJSON() {
    return this.#parts[HREF];
  }
}
exposeInterface(URL, "URL");

function parse(url, base) {
  return host.urlParse(usv(url), base === undefined ? null : usv(base));
}

function invalid(url) {
  const error = new TypeError(`Invalid URL: '${url}'`);
  error.code = "ERR_INVALID_URL";
  return error;
}

/** The absolute URL as the parser writes it; throws a `TypeError` where it is none. */
export function hrefOf(url) {
  const parts = parse(url, undefined);
  if (parts === undefined) throw invalid(url);
  return parts[HREF];
}

/** Whether the URL carries a name or a password. */
export function hasCredentials(href) {
  const parts = parse(href, undefined);
  return parts !== undefined && (parts[USERNAME] !== "" || parts[PASSWORD] !== "");
}

/** The port of a URL, "" where it is its scheme's own. */
export function portOf(href) {
  return parse(href, undefined)?.[PORT] ?? "";
}
