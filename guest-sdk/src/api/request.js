// Request. The invocation's own is read from the host lazily, part by part.

import { cloneBody, extractBody, INCOMING, isStream, mixBody, newBody, passBody, readBody, takeSource } from "./body.js";
import { incomingStream, onDisconnect } from "./body_stream.js";
import { abortSignal, dependentSignal, isSignal, newSignal } from "./events_abort.js";
import { addHeader, copyHeaders, headerOf, Headers, headersFromHost } from "./headers.js";
import { blobAt } from "./blob_urls.js";
import { host } from "./host.js";
import { convertOptions, normalMethod } from "./request_options.js";
import { exposeInterface } from "./primordials.js";
import { hasCredentials, hrefOf } from "./url.js";

const FROM_HOST = Symbol("from host");
// Of a request that was given nothing else.
const STANDARD = {
  __proto__: null,
  cache: "default",
  credentials: "same-origin",
  integrity: "",
  keepalive: false,
  mode: "cors",
  redirect: "follow",
  referrer: "about:client",
  referrerPolicy: "",
};

let isRequest;
let partsOf;

export class Request {
  // Those of the one that came in are null until they are asked for.
  #parts;
  constructor(input, init = undefined) {
    if (input === FROM_HOST) {
      this.#parts = init;
      return;
    }
    if (arguments.length === 0) throw new TypeError("Request needs a URL or another Request");
    const source = isRequest(input) ? partsOf(input) : null;
    const url = source === null ? checkedUrl(input) : urlOf(source);
    const options = convertOptions(init, source === null ? STANDARD : source.options);
    const method = options.method === undefined ? (source === null ? "GET" : methodOf(source)) : normalMethod(options.method);
    const signal = signalFor(options.signal, source);
    const headers = options.headers === undefined ? headersFor(source) : new Headers(options.headers);
    const body = bodyFor(options, method, headers, source === null ? null : bodyOf(source));
    // Whatever becomes of a blob: URL, the request keeps what it stood for.
    const blob = source === null ? blobAt(url) : source.blob;
    this.#parts = { __proto__: null, method, url, headers, signal, body, blob, options: options.kept };
  }
  get method() {
    return methodOf(this.#parts);
  }
  get url() {
    return urlOf(this.#parts);
  }
  get headers() {
    return headersOf(this.#parts);
  }
  get destination() {
    this.#parts;
    return "";
  }
  get referrer() {
    return partsOf(this).options.referrer;
  }
  get referrerPolicy() {
    return partsOf(this).options.referrerPolicy;
  }
  get mode() {
    return partsOf(this).options.mode;
  }
  get credentials() {
    return partsOf(this).options.credentials;
  }
  get cache() {
    return partsOf(this).options.cache;
  }
  get redirect() {
    return partsOf(this).options.redirect;
  }
  get integrity() {
    return partsOf(this).options.integrity;
  }
  get keepalive() {
    return partsOf(this).options.keepalive;
  }
  get isReloadNavigation() {
    this.#parts;
    return false;
  }
  get isHistoryNavigation() {
    this.#parts;
    return false;
  }
  get signal() {
    return signalOf(partsOf(this));
  }
  get duplex() {
    this.#parts;
    return "half";
  }
  clone() {
    const parts = partsOf(this);
    const body = cloneBody(bodyOf(parts));
    const signal = dependentSignal([signalOf(parts)]);
    const headers = headersFor(parts);
    const { blob, options } = parts;
    return new Request(FROM_HOST, { __proto__: null, method: methodOf(parts), url: urlOf(parts), headers, signal, body, blob, options });
  }
  static {
    isRequest = (value) => typeof value === "object" && value !== null && #parts in value;
    partsOf = (request) => request.#parts;
  }
}
mixBody(
  Request,
  "Request",
  (value) => (isRequest(value) ? bodyOf(partsOf(value)) : undefined),
  (request) => headerOf(headersOf(partsOf(request)), "content-type"),
  host.takeJson,
  host.takeText,
);
exposeInterface(Request, "Request");

function checkedUrl(input) {
  const href = hrefOf(input);
  if (hasCredentials(href)) throw new TypeError("A request's URL carries no name and no password");
  return href;
}

function methodOf(parts) {
  return (parts.method ??= host.method());
}

function urlOf(parts) {
  return (parts.url ??= host.url());
}

function bodyOf(parts) {
  return (parts.body ??= incomingBody());
}

function headersOf(parts) {
  return (parts.headers ??= headersFromHost(host.headers()));
}

function headersFor(source) {
  return source === null ? headersFromHost([]) : copyHeaders(headersOf(source));
}

function bodyFor(options, method, headers, inherited) {
  const hasBody = options.body !== undefined && options.body !== null;
  const inherits = options.body === undefined && inherited !== null;
  if ((hasBody || (inherits && inherited.source !== null)) && (method === "GET" || method === "HEAD")) {
    throw new TypeError(`A ${method} request has no body`);
  }
  if (!hasBody) return inherits ? passBody(inherited) : newBody(null);
  const { source, type } = extractBody(options.body);
  if (isStream(source) && options.duplex === undefined) {
    throw new TypeError("A request whose body is a stream needs duplex: 'half'");
  }
  if (type !== null && headerOf(headers, "content-type") === null) addHeader(headers, "content-type", type);
  return newBody(source);
}

function signalFor(given, source) {
  const signal = given === undefined ? (source === null ? null : source.signal) : given;
  if (signal === undefined || signal === null) return null;
  if (!isSignal(signal)) throw new TypeError("signal must be an AbortSignal");
  return dependentSignal([signal]);
}

/** The body of the request that came in: nowhere, with the host as a whole, still on its way, or read already. */
function incomingBody() {
  const kind = host.bodyKind();
  if (kind === 3) return readBody();
  if (kind === 0) return newBody(null);
  return newBody(kind === 1 ? INCOMING : incomingStream());
}

/** The signal; that of the request that came in fires when its client disconnects. */
function signalOf(parts) {
  if (parts.signal === null) {
    const signal = (parts.signal = newSignal());
    if (parts.isIncoming) onDisconnect((reason) => abortSignal(signal, reason));
  }
  return parts.signal;
}

/** The request that this invocation is for: each has a memory of its own, in which this one is. */
export const incoming = new Request(FROM_HOST, {
  __proto__: null,
  method: null,
  url: null,
  headers: null,
  signal: null,
  body: null,
  blob: null,
  isIncoming: true,
  options: STANDARD,
});
host.incomingIs(incoming);

/** What the host needs to send it; its body is taken. */
export function outgoing(request) {
  const parts = partsOf(request);
  const { signal, blob, options } = parts;
  return {
    __proto__: null,
    method: methodOf(parts),
    url: urlOf(parts),
    headers: headersOf(parts),
    redirect: options.redirect,
    cache: options.cache,
    signal,
    blob,
    body: takeSource(bodyOf(parts)),
  };
}
