// Response. Its headers and body stay as they were given until the objects are asked for.

import { cloneBody, extractBody, isBody, isStream, mixBody, newBody, takeSource } from "./body.js";
import { deliverStream, fetchedStream } from "./body_stream.js";
import { addHeader, copyHeaders, freezeHeaders, headerList, headerOf, headersFromHost, headersOf } from "./headers.js";
import { host } from "./host.js";
import { headerMime } from "./mime.js";
import { ArrayIsArray, exposeInterface, isByteString, StringIndexOf, StringSlice, TypedArrayByteLength } from "./primordials.js";
import { hrefOf } from "./url.js";

const NULL_BODY_STATUS = { __proto__: null, 101: true, 103: true, 204: true, 205: true, 304: true };
const REDIRECT_STATUS = { __proto__: null, 301: true, 302: true, 303: true, 307: true, 308: true };
const READY = Symbol("ready");
const JSON_TYPE = "application/json";
const TEXT = "text/plain;charset=UTF-8";

let make;
let send;
let jsonWithInit;
let isResponse;
let bodyOf;
let typeOf;

const DEFAULT = { __proto__: null, status: 200, statusText: "", url: "", redirected: false, kind: "default" };
const ERROR = { __proto__: null, status: 0, statusText: "", url: "", redirected: false, kind: "error" };

export class Response {
  // A body's source, until `bodyOf` makes a record of it.
  #body = null;
  // The content type that the body implies, until the headers are asked for.
  #headers = null;
  #head = DEFAULT;
  constructor(body = null, init = undefined, ready = undefined) {
    if (ready === READY) {
      this.#body = body;
      this.#headers = init;
      return;
    }
    if (typeof body === "string") {
      this.#body = body;
      this.#headers = TEXT;
    } else if (body !== null) {
      const { source, type } = extractBody(body);
      this.#body = source;
      this.#headers = type;
    }
    if (init !== undefined && init !== null) this.#configure(init);
  }
  #configure(init) {
    if (typeof init !== "object" && typeof init !== "function") throw new TypeError("The init must be an object");
    const { headers, status, statusText } = init;
    if (status !== undefined || statusText !== undefined) this.#head = makeHead(status, statusText);
    if (headers !== undefined) this.#materialize(headersOf(headers));
    if (this.#body !== null && NULL_BODY_STATUS[this.#head.status]) {
      throw new TypeError(`A response with status ${this.#head.status} has no body`);
    }
  }
  #materialize(headers) {
    const type = this.#headers;
    this.#headers = headers;
    if (type !== null && headerOf(headers, "content-type") === null) addHeader(headers, "content-type", type);
    return headers;
  }
  static error() {
    return make(null, freezeHeaders(headersFromHost([])), ERROR);
  }
  static redirect(url, status = 302) {
    if (arguments.length === 0) throw new TypeError("Response.redirect needs a URL");
    const target = hrefOf(url);
    const code = toUnsignedShort(status);
    if (!REDIRECT_STATUS[code]) throw new RangeError(`${status} is not a redirect status`);
    const headers = freezeHeaders(headersFromHost([["location", target]]));
    return make(null, headers, makeHead(code, undefined));
  }
  get type() {
    return this.#head.kind;
  }
  get url() {
    return this.#head.url;
  }
  get redirected() {
    return this.#head.redirected;
  }
  get status() {
    return this.#head.status;
  }
  get ok() {
    return this.#head.status >= 200 && this.#head.status <= 299;
  }
  get statusText() {
    return this.#head.statusText;
  }
  get headers() {
    const headers = this.#headers;
    return isType(headers) ? this.#materialize(headersFromHost([])) : headers;
  }
  clone() {
    const body = cloneBody(bodyOf(this));
    const headers = this.#headers;
    return make(body, isType(headers) ? headers : copyHeaders(headers), this.#head);
  }
  static {
    jsonWithInit = (text, init) => {
      const response = new Response(text, JSON_TYPE, READY);
      response.#configure(init);
      return response;
    };
    make = (body, headers, head) => {
      const response = new Response(body, headers, READY);
      response.#head = head;
      return response;
    };
    isResponse = (value) => typeof value === "object" && value !== null && #body in value;
    bodyOf = (response) => {
      const body = response.#body;
      return isBody(body) ? body : (response.#body = newBody(body));
    };
    typeOf = (response) => {
      const headers = response.#headers;
      return isType(headers) ? headers : headerOf(headers, "content-type");
    };
    send = (value) => {
      if (typeof value !== "object" || value === null || !(#body in value)) return false;
      const headers = value.#headers;
      const body = value.#body;
      return deliver(value.#head.status, headers, isBody(body) ? takeSource(body) : body);
    };
  }
}
const withRecord = () => undefined;
const bodyRecord = (value) => (isResponse(value) ? bodyOf(value) : undefined);
mixBody(Response, "Response", bodyRecord, (response) => typeOf(response), withRecord, withRecord);
const BODY = Symbol("body");
const TYPE = Symbol("type");
const json = host.adoptResponses(new Response(BODY, TYPE, READY), BODY, TYPE, DEFAULT, JSON_TYPE, jsonWithInit);
Object.defineProperty(Response, "json", { __proto__: null, value: json, writable: true, enumerable: false, configurable: true });
Object.defineProperty(Response, "length", { value: 0, configurable: true });
exposeInterface(Response, "Response");

/** Whether this is no `Headers` yet. */
function isType(headers) {
  return headers === null || typeof headers === "string";
}

/** Hands over what a response is of; a function that goes on, where its body is still to be read. */
function deliver(status, headers, source) {
  const type = isType(headers) ? headers : null;
  const list = isType(headers) ? null : headerList(headers);
  if (!isStream(source)) {
    host.respond(status, type, list, source);
    return true;
  }
  host.respond(status, type, list, true);
  return (done, failed) => deliverStream(source, done, failed);
}

function toUnsignedShort(value) {
  return +value & 0xffff;
}

function makeHead(status, statusText) {
  const code = status === undefined ? 200 : checkedStatus(status);
  const text = statusText === undefined ? "" : `${statusText}`;
  if (!isReason(text)) throw new TypeError("The status text has characters that it may not hold");
  return { __proto__: null, status: code, statusText: text, url: "", redirected: false, kind: "default" };
}

function checkedStatus(given) {
  const status = toUnsignedShort(given);
  if (!(status >= 200 && status <= 599)) {
    throw new RangeError(`A response's status is between 200 and 599, not ${given}`);
  }
  return status;
}

/** Whether the text may stand behind a status: tabs and characters up to U+00FF that are no controls. */
function isReason(text) {
  return isByteString(text) && host.headerValue(`x${text}x`) !== undefined;
}

/**
 * Hands the response to the host: `false` when `value` is none, and a function that goes on when its body is still to be
 * read.
 */
export function respond(value) {
  return send(value);
}

/** The response that `fetch` got, and its body's stream where it has one; `fetch` is the number of the operation. */
export function responseFromHost(method, parts, fetch) {
  const { 0: status, 1: statusText, 2: url, 3: redirected, 4: headers, 5: body } = parts;
  const head = { __proto__: null, status, statusText, url, redirected, kind: "basic" };
  const stream = body === true ? fetchedStream(fetch) : null;
  const source = stream ?? (body === null || method === "HEAD" || NULL_BODY_STATUS[status] ? null : new Uint8Array(body));
  return { __proto__: null, response: make(source, freezeHeaders(headersFromHost(headers)), head), stream };
}

/** The response that a `data:` URL is. */
export function dataResponse(url, method, { 0: type, 1: bytes }) {
  const head = fetchedHead(url);
  const body = method === "HEAD" ? null : bytes;
  return make(body, freezeHeaders(headersFromHost([["content-type", type]])), head);
}

/** The response that a `blob:` URL is, with a copy of the bytes, since readers may change what they get. */
export function blobResponse(url, { type, bytes }) {
  const head = fetchedHead(url);
  const headers = headersFromHost([["content-type", headerMime(type) === null ? "" : type], ["content-length", `${TypedArrayByteLength(bytes)}`]]);
  return make(new Uint8Array(bytes), freezeHeaders(headers), head);
}

/** The head of a response that no network was needed for. Where a URL leads within a document is no part of it. */
function fetchedHead(url) {
  const fragment = StringIndexOf(url, "#");
  const document = fragment < 0 ? url : StringSlice(url, 0, fragment);
  return { __proto__: null, status: 200, statusText: "OK", url: document, redirected: false, kind: "basic" };
}

/** What came back instead of a `Response`, in words. */
export function describe(value) {
  if (value === undefined) return "undefined (is a 'return' missing?)";
  if (value === null) return "null";
  if (typeof value !== "object") return `a ${typeof value}`;
  if (ArrayIsArray(value)) return "an array";
  if (typeof value.statusCode === "number") {
    return "an object with statusCode, as AWS Lambda takes it (write new Response(body, { status, headers }), and read the request from req)";
  }
  const name = value.constructor?.name;
  return typeof name === "string" && name !== "Object" && name !== ""
    ? `an object of class ${name}`
    : "a plain object (wrap it: Response.json(value))";
}
