// url.parse: Node's legacy parser, which also takes relative URLs.

import { RegExpMatch, StringEndsWith, StringIndexOf, StringReplaceAll, StringSlice, StringStartsWith, StringToLowerCase } from "../api/primordials.js";
import { requireString } from "./errors.js";
import { ObjectAssign, StringLastIndexOf, StringTrim } from "./language.js";
import { escape, parse as parseQuery, stringify, unescape } from "./querystring.js";

const PROTOCOL = /^[a-z][a-z0-9+.-]*:/i;
const PORT = /:([0-9]*)$/;
const SLASHED = { __proto__: null, "http:": true, "https:": true, "ftp:": true, "file:": true, "ws:": true, "wss:": true };
const OPAQUE = { __proto__: null, "javascript:": true };
const ACCOUNT = /^[^@/]+@[^@/]+/;
const AUTHORITY_END = /[/?#\\]/;

const URL = globalThis.URL;

export function Url() {
  this.protocol = null;
  this.slashes = null;
  this.auth = null;
  this.host = null;
  this.port = null;
  this.hostname = null;
  this.hash = null;
  this.search = null;
  this.query = null;
  this.pathname = null;
  this.path = null;
  this.href = null;
}

function readAuthority(url, authority) {
  const at = StringLastIndexOf(authority, "@");
  if (at >= 0) url.auth = unescape(StringSlice(authority, 0, at));
  let host = StringSlice(authority, at + 1);
  const port = RegExpMatch(PORT, host);
  if (port !== null) {
    host = StringSlice(host, 0, host.length - port[0].length);
    if (port[1] !== "") url.port = port[1];
  }
  url.hostname = StringToLowerCase(StringStartsWith(host, "[") && StringEndsWith(host, "]") ? StringSlice(host, 1, -1) : host);
  url.host = StringToLowerCase(host) + (url.port === null ? "" : `:${url.port}`);
}

export function parse(given, parsesQuery = false, slashesDenoteHost = false) {
  if (given instanceof Url) return given;
  let rest = StringTrim(requireString(given, "url"));
  const url = new Url();
  const hashAt = StringIndexOf(rest, "#");
  if (hashAt >= 0) {
    url.hash = StringSlice(rest, hashAt);
    rest = StringSlice(rest, 0, hashAt);
  }
  const searchAt = StringIndexOf(rest, "?");
  if (searchAt >= 0) {
    url.search = StringSlice(rest, searchAt);
    rest = StringSlice(rest, 0, searchAt);
  }
  const protocol = RegExpMatch(PROTOCOL, rest);
  if (protocol !== null) {
    url.protocol = StringToLowerCase(protocol[0]);
    rest = StringSlice(rest, protocol[0].length);
  }
  const slashes = StringStartsWith(rest, "//") && (slashesDenoteHost || protocol !== null);
  if (slashes) {
    url.slashes = true;
    rest = StringSlice(rest, 2);
  }
  if (slashes || (protocol !== null && !OPAQUE[url.protocol] && RegExpMatch(ACCOUNT, rest) !== null)) {
    const end = RegExpMatch(AUTHORITY_END, rest);
    readAuthority(url, end === null ? rest : StringSlice(rest, 0, end.index));
    rest = end === null ? "" : StringSlice(rest, end.index);
  }
  if (rest !== "") url.pathname = rest;
  else if (url.slashes && SLASHED[url.protocol]) url.pathname = "/";
  const search = url.search === null ? "" : StringSlice(url.search, 1);
  url.query = parsesQuery ? parseQuery(search) : url.search === null ? null : search;
  if (parsesQuery && url.search === null) url.search = "";
  if (url.pathname !== null || url.search) url.path = (url.pathname ?? "") + (url.search ?? "");
  url.href = url.format();
  return url;
}

/** The text of a parsed URL, or of an object like one. */
export function formatLegacy(parts) {
  let protocol = parts.protocol ?? "";
  if (protocol !== "" && !StringEndsWith(protocol, ":")) protocol += ":";
  // A colon stays; all else that would end the account is escaped.
  const auth = parts.auth ? `${StringReplaceAll(escape(parts.auth), "%3A", ":")}@` : "";
  let host = null;
  if (parts.host) host = auth + parts.host;
  else if (parts.hostname) {
    const name = StringIndexOf(parts.hostname, ":") >= 0 ? `[${parts.hostname}]` : parts.hostname;
    host = auth + name + (parts.port ? `:${parts.port}` : "");
  }
  let search = parts.search ?? "";
  if (search === "" && typeof parts.query === "object" && parts.query !== null) search = stringify(parts.query);
  if (search !== "" && search[0] !== "?") search = `?${search}`;
  let hash = parts.hash ?? "";
  if (hash !== "" && hash[0] !== "#") hash = `#${hash}`;
  let pathname = parts.pathname ?? "";
  if (parts.slashes || (SLASHED[protocol] && host !== null)) {
    host = `//${host ?? ""}`;
    if (pathname !== "" && pathname[0] !== "/") pathname = `/${pathname}`;
  }
  return `${protocol}${host ?? ""}${pathname}${search}${hash}`;
}

/** Where a reference leads from a URL, which may be a path alone. */
export function resolve(from, to) {
  const base = parse(from, false, true);
  const target = parse(to, false, true);
  if (target.protocol !== null && target.protocol !== base.protocol) return target.href;
  if (base.protocol !== null) return new URL(to, base.href).href;
  const path = base.path ?? "";
  const whole = new URL(to, `http://${base.host ?? "here"}${path[0] === "/" ? "" : "/"}${path}`);
  const resolved = whole.pathname + whole.search + whole.hash;
  const host = target.host ?? base.host;
  if (host !== null) return `//${host}${resolved}`;
  return path[0] === "/" || target.pathname?.[0] === "/" ? resolved : StringSlice(resolved, 1);
}

ObjectAssign(Url.prototype, {
  format() {
    return formatLegacy(this);
  },
  resolve(relative) {
    return resolve(this.href, relative);
  },
});
