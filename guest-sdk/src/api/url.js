// URL: parsing is native, this is the object around it.

import { host } from "./host.js";
import { onQueryChange, paramsOfUrl, replaceParams } from "./url_search_params.js";
import { exposeInterface, StringIndexOf, StringSlice } from "./primordials.js";

// The order in which the native half has the parts.
const PROTOCOL = 0;
const USERNAME = 1;
const PASSWORD = 2;
const HOST = 3;
const HOSTNAME = 4;
const PORT = 5;
const PATHNAME = 6;
const SEARCH = 7;
const HASH = 8;

const PARSED = Symbol("parsed");
let set;
let replace;

export class URL {
  #href;
  #params = null;
  constructor(url, base = undefined) {
    const href = url === PARSED ? base : parse(url, base);
    if (href === undefined) throw invalid(url);
    this.#href = href;
  }
  static canParse(url, base = undefined) {
    if (arguments.length === 0) throw new TypeError("URL.canParse needs a URL");
    return host.urlCanParse(textOf(url), base === undefined ? null : textOf(base));
  }
  static parse(url, base = undefined) {
    if (arguments.length === 0) throw new TypeError("URL.parse needs a URL");
    const href = parse(url, base);
    return href === undefined ? null : new URL(PARSED, href);
  }
  get href() {
    return this.#href;
  }
  set href(value) {
    const href = parse(value, undefined);
    if (href === undefined) throw invalid(value);
    replace(this, href);
  }
  get origin() {
    return host.urlOrigin(this.#href);
  }
  get protocol() {
    return host.urlPart(this.#href, PROTOCOL);
  }
  set protocol(value) {
    set(this, PROTOCOL, value);
  }
  get username() {
    return host.urlPart(this.#href, USERNAME);
  }
  set username(value) {
    set(this, USERNAME, value);
  }
  get password() {
    return host.urlPart(this.#href, PASSWORD);
  }
  set password(value) {
    set(this, PASSWORD, value);
  }
  get host() {
    return host.urlPart(this.#href, HOST);
  }
  set host(value) {
    set(this, HOST, value);
  }
  get hostname() {
    return host.urlPart(this.#href, HOSTNAME);
  }
  set hostname(value) {
    set(this, HOSTNAME, value);
  }
  get port() {
    return host.urlPart(this.#href, PORT);
  }
  set port(value) {
    set(this, PORT, value);
  }
  get pathname() {
    return host.urlPart(this.#href, PATHNAME);
  }
  set pathname(value) {
    set(this, PATHNAME, value);
  }
  get search() {
    return host.urlPart(this.#href, SEARCH);
  }
  set search(value) {
    set(this, SEARCH, value);
  }
  get hash() {
    return host.urlPart(this.#href, HASH);
  }
  set hash(value) {
    set(this, HASH, value);
  }
  get searchParams() {
    return (this.#params ??= paramsOfUrl(this, host.urlQuery(this.#href)));
  }
  toString() {
    return this.#href;
  }
  toJSON() {
    return this.#href;
  }
  static {
    set = (url, part, value) => {
      const href = host.urlSet(url.#href, part, textOf(value));
      if (href !== undefined) replace(url, href);
    };
    onQueryChange((url, query) => {
      url.#href = host.urlSet(url.#href, SEARCH, query);
    });
    replace = (url, href) => {
      url.#href = href;
      if (url.#params !== null) replaceParams(url.#params, host.urlQuery(href));
    };
  }
}
exposeInterface(URL, "URL");

// The native half replaces lone surrogates.
function textOf(value) {
  return typeof value === "string" ? value : `${value}`;
}

function parse(url, base) {
  return host.urlParse(textOf(url), base === undefined ? null : textOf(base));
}

function invalid(url) {
  const error = new TypeError(`Invalid URL: '${url}'`);
  error.code = "ERR_INVALID_URL";
  return error;
}

/** The absolute URL as the parser writes it; throws a `TypeError` where it is none. */
export function hrefOf(url) {
  const href = parse(url, undefined);
  if (href === undefined) throw invalid(url);
  return href;
}

/** Whether the URL, which the parser wrote, carries a name or a password. */
export function hasCredentials(href) {
  return host.urlPart(href, USERNAME) !== "" || host.urlPart(href, PASSWORD) !== "";
}

/** The port of a URL that the parser wrote, "" where it is its scheme's own. */
export function portOf(href) {
  return host.urlPart(href, PORT);
}

/** A URL that the parser wrote, up to its fragment. */
export function withoutHash(href) {
  const at = StringIndexOf(href, "#");
  return at < 0 ? href : StringSlice(href, 0, at);
}
