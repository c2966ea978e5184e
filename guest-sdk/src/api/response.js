// Response: its parts stay as they were given until something asks for the objects.

import { Body, copyBody, extractBody, takeBody } from "./body.js";
import { headerList, Headers, headersFromHost } from "./headers.js";
import { host } from "./host.js";
import { expose, JSONStringify, tag } from "./primordials.js";
import { URL } from "./url.js";

const NULL_BODY_STATUS = { __proto__: null, 101: true, 103: true, 204: true, 205: true, 304: true };
const REDIRECT_STATUS = { __proto__: null, 301: true, 302: true, 303: true, 307: true, 308: true };
const READY = Symbol("ready");

let send;
let arrived;

export class Response extends Body {
  #status = 200;
  #statusText = "";
  #headers = null;
  // The content type that the body implies, where no headers have been made yet.
  #type = null;
  #url = "";
  #redirected = false;
  #error = false;
  constructor(body, init, ready) {
    if (ready === READY) {
      super(body);
      this.#type = init;
      return;
    }
    const extracted = extractBody(body);
    super(extracted.body);
    this.#type = extracted.type;
    if (init !== undefined && init !== null) this.#configure(init, extracted.body !== null);
  }
  #configure(init, hasBody) {
    if (init.status !== undefined) {
      const status = +init.status;
      if (!(status >= 200 && status <= 599)) {
        throw new RangeError(`A response's status is between 200 and 599, not ${init.status}`);
      }
      this.#status = status & 0xffff;
    }
    if (init.statusText !== undefined) {
      const text = host.headerValue(`${init.statusText}`);
      if (text === undefined) throw new TypeError("The status text has characters that no header may hold");
      this.#statusText = text;
    }
    if (hasBody && NULL_BODY_STATUS[this.#status]) {
      throw new TypeError(`A response with status ${this.#status} has no body`);
    }
    if (init.headers !== undefined && init.headers !== null) this.#materialize(new Headers(init.headers));
  }
  #materialize(headers) {
    this.#headers = headers;
    if (this.#type !== null && !headers.has("content-type")) headers.append("content-type", this.#type);
    return headers;
  }
  static json(data, init) {
    const text = JSONStringify(data);
    if (text === undefined) throw new TypeError("Response.json was given something that has no JSON");
    const response = new Response(text, "application/json", READY);
    if (init !== undefined && init !== null) response.#configure(init, true);
    return response;
  }
  static redirect(url, status = 302) {
    const target = new URL(`${url}`).href;
    if (!REDIRECT_STATUS[status]) throw new RangeError(`${status} is not a redirect status`);
    return new Response(null, { status, headers: { location: target } });
  }
  static error() {
    const response = new Response(null);
    response.#status = 0;
    response.#error = true;
    return response;
  }
  get status() {
    return this.#status;
  }
  get ok() {
    return this.#status >= 200 && this.#status <= 299;
  }
  get statusText() {
    return this.#statusText;
  }
  get headers() {
    return this.#headers ?? this.#materialize(headersFromHost([]));
  }
  get url() {
    return this.#url;
  }
  get redirected() {
    return this.#redirected;
  }
  get type() {
    return this.#error ? "error" : "default";
  }
  clone() {
    const copy = new Response(copyBody(this), this.#type, READY);
    copy.#status = this.#status;
    copy.#statusText = this.#statusText;
    copy.#url = this.#url;
    copy.#redirected = this.#redirected;
    if (this.#headers !== null) copy.#headers = new Headers(this.#headers);
    return copy;
  }
  static {
    send = (value) => {
      if (typeof value !== "object" || value === null || !(#status in value)) return false;
      const headers = value.#headers === null ? null : headerList(value.#headers);
      host.respond(value.#status, value.#type, headers, takeBody(value));
      return true;
    };
    arrived = (status, url, redirected, headers, body) => {
      const response = new Response(NULL_BODY_STATUS[status] ? null : new Uint8Array(body), null, READY);
      response.#status = status;
      response.#url = url;
      response.#redirected = redirected;
      response.#headers = headersFromHost(headers);
      return response;
    };
  }
}
tag(Response, "Response");
expose("Response", Response);

/** Hands the response to the host; `false` when `value` is none. */
export function respond(value) {
  return send(value);
}

/** The response that `fetch` got. */
export function responseFromHost(parts) {
  return arrived(parts[0], parts[2], parts[3], parts[4], parts[5]);
}

/** What came back instead of a `Response`, in words. */
export function describe(value) {
  if (value === undefined) return "undefined (is a 'return' missing?)";
  if (value === null) return "null";
  if (typeof value !== "object") return `a ${typeof value}`;
  if (Array.isArray(value)) return "an array";
  const name = value.constructor?.name;
  return typeof name === "string" && name !== "Object" && name !== ""
    ? `an object of class ${name}`
    : "a plain object (wrap it: Response.json(value))";
}
