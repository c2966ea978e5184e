// Request: the one that came in is read from the host piece by piece, as the function asks.

import { Body, copyBody, extractBody, INCOMING, takeBody } from "./body.js";
import { AbortController, AbortSignal } from "./events_abort.js";
import { Headers, headersFromHost } from "./headers.js";
import { host } from "./host.js";
import { expose, RegExpTest, StringToUpperCase, tag } from "./primordials.js";
import { URL } from "./url.js";

const FROM_HOST = Symbol("from host");
const STANDARD_METHODS = { __proto__: null, DELETE: 1, GET: 1, HEAD: 1, OPTIONS: 1, POST: 1, PUT: 1, PATCH: 1 };
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REDIRECTS = { __proto__: null, follow: 1, error: 1, manual: 1 };

function normalMethod(method) {
  const given = `${method}`;
  if (!RegExpTest(METHOD, given)) throw new TypeError(`'${given}' is not a method`);
  const upper = StringToUpperCase(given);
  if (upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") {
    throw new TypeError(`The method '${given}' is not allowed`);
  }
  return STANDARD_METHODS[upper] ? upper : given;
}

export class Request extends Body {
  #method;
  #url;
  #headers;
  #signal;
  #redirect = "follow";
  constructor(input, init) {
    if (input === FROM_HOST) {
      super(host.hasBody() ? INCOMING : null);
      return;
    }
    const options = init ?? {};
    const source = typeof input === "object" && input !== null && #redirect in input ? input : null;
    const method = options.method === undefined ? (source?.method ?? "GET") : normalMethod(options.method);
    const given = "body" in options && options.body !== undefined ? extractBody(options.body) : null;
    if (given !== null && given.body !== null && (method === "GET" || method === "HEAD")) {
      throw new TypeError(`A ${method} request has no body`);
    }
    super(given === null ? (source === null ? null : takeBody(source)) : given.body);
    this.#method = method;
    this.#url = source === null ? new URL(`${input}`).href : source.url;
    this.#headers = new Headers(options.headers ?? source?.headers);
    if (given !== null && given.type !== null && !this.#headers.has("content-type")) {
      this.#headers.append("content-type", given.type);
    }
    if (options.redirect !== undefined && !REDIRECTS[options.redirect]) {
      throw new TypeError(`'${options.redirect}' is not a redirect mode`);
    }
    this.#redirect = options.redirect ?? source?.redirect ?? "follow";
    const signal = options.signal === undefined ? source?.signal : options.signal;
    if (signal !== null && signal !== undefined && !(signal instanceof AbortSignal)) {
      throw new TypeError("signal must be an AbortSignal");
    }
    this.#signal = signal ?? undefined;
  }
  get method() {
    return (this.#method ??= host.method());
  }
  get url() {
    return (this.#url ??= host.url());
  }
  get headers() {
    return (this.#headers ??= headersFromHost(host.headers()));
  }
  get redirect() {
    return this.#redirect;
  }
  get signal() {
    return (this.#signal ??= new AbortController().signal);
  }
  clone() {
    const body = copyBody(this);
    return new Request(this.url, {
      method: this.method,
      headers: this.headers,
      redirect: this.#redirect,
      signal: this.signal,
      ...(body === null ? {} : { body }),
    });
  }
}
tag(Request, "Request");
expose("Request", Request);

/** The request that this invocation is for. */
export function incomingRequest() {
  return new Request(FROM_HOST);
}
