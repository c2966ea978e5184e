// node:url

import { StringIncludes, StringReplaceAll, StringSlice, StringStartsWith } from "../api/primordials.js";
import { invalidType, requireString, typeFailure } from "./errors.js";
import { decodeText } from "./language.js";
import { paths } from "./path.js";
import { formatLegacy, parse } from "./url_legacy.js";

export const URL = globalThis.URL;
export const URLSearchParams = globalThis.URLSearchParams;
export const URLPattern = globalThis.URLPattern;

export function fileURLToPath(value) {
  const url = typeof value === "string" ? new URL(value) : value;
  if (!(url instanceof URL)) throw invalidType("path", "of type string or an instance of URL", value);
  if (url.protocol !== "file:") throw typeFailure("ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
  if (url.hostname !== "") throw typeFailure("ERR_INVALID_FILE_URL_HOST", 'File URL host must be "localhost" or empty');
  if (StringIncludes(url.pathname, "%2F") || StringIncludes(url.pathname, "%2f")) {
    throw typeFailure("ERR_INVALID_FILE_URL_PATH", "File URL path must not include encoded / characters");
  }
  return decodeText(url.pathname);
}

// What a path may have and a URL's path may not, as it is there.
const ESCAPED = [["%", "%25"], ["\\", "%5C"], ["\n", "%0A"], ["\r", "%0D"], ["\t", "%09"], ["?", "%3F"], ["#", "%23"]];

export function pathToFileURL(path) {
  let escaped = paths.resolve(requireString(path, "path"));
  if (path.length > 1 && path[path.length - 1] === "/") escaped += "/";
  for (let i = 0; i < ESCAPED.length; i++) escaped = StringReplaceAll(escaped, ESCAPED[i][0], ESCAPED[i][1]);
  return new URL(`file://${escaped}`);
}

export function format(value, options) {
  if (typeof value === "string") return parse(value).href;
  if (!(value instanceof URL)) return formatLegacy(value);
  const url = new URL(value.href);
  if (options?.auth === false) {
    url.username = "";
    url.password = "";
  }
  if (options?.search === false) url.search = "";
  if (options?.fragment === false) url.hash = "";
  return url.href;
}

export function urlToHttpOptions(url) {
  const { protocol, hostname, hash, search, pathname, href } = url;
  const options = {
    protocol,
    hostname: StringStartsWith(hostname, "[") ? StringSlice(hostname, 1, -1) : hostname,
    hash,
    search,
    pathname,
    path: `${pathname}${search}`,
    href,
  };
  if (url.port !== "") options.port = +url.port;
  if (url.username !== "" || url.password !== "") options.auth = `${decodeText(url.username)}:${decodeText(url.password)}`;
  return options;
}

/** A domain as the network has it; nothing where it is none. */
export function domainToASCII(domain) {
  try {
    return new URL(`http://${domain}`).hostname;
  } catch {
    return "";
  }
}
