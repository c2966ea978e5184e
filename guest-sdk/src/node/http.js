// node:http and node:https as far as a client goes: a request is sent by `fetch` once it is whole.

import { ArrayIsArray, ArrayPush, StringToLowerCase } from "../api/primordials.js";
import { absent } from "./absent.js";
import { Buffer } from "./buffer.js";
import { failure, typeFailure } from "./errors.js";
import { EventEmitter } from "./events.js";
import { stream } from "./stream.js";

const { AbortController, fetch, Headers, URL } = globalThis;
// Headers that are the connection's: `fetch` sets them.
const OWN = { __proto__: null, host: true, connection: true, "content-length": true, "transfer-encoding": true, "accept-encoding": true };

export const METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
export const STATUS_CODES = {
  100: "Continue", 101: "Switching Protocols", 102: "Processing", 103: "Early Hints",
  200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content", 205: "Reset Content",
  206: "Partial Content", 207: "Multi-Status", 208: "Already Reported", 226: "IM Used",
  300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified", 305: "Use Proxy",
  307: "Temporary Redirect", 308: "Permanent Redirect",
  400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
  406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
  411: "Length Required", 412: "Precondition Failed", 413: "Payload Too Large", 414: "URI Too Long", 415: "Unsupported Media Type",
  416: "Range Not Satisfiable", 417: "Expectation Failed", 418: "I'm a Teapot", 421: "Misdirected Request",
  422: "Unprocessable Entity", 423: "Locked", 424: "Failed Dependency", 425: "Too Early", 426: "Upgrade Required",
  428: "Precondition Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
  500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
  505: "HTTP Version Not Supported", 506: "Variant Also Negotiates", 507: "Insufficient Storage", 508: "Loop Detected",
  509: "Bandwidth Limit Exceeded", 510: "Not Extended", 511: "Network Authentication Required",
};

/** Keeps nothing: connections are the platform's. */
export class Agent extends EventEmitter {
  constructor(options = {}) {
    super();
    this.options = options;
    this.maxSockets = options.maxSockets ?? Infinity;
    this.sockets = {};
    this.requests = {};
    this.freeSockets = {};
  }
  destroy() {}
  getName() {
    return "";
  }
}

export class IncomingMessage extends stream.Readable {
  constructor(response) {
    super();
    this.statusCode = response?.status ?? null;
    this.statusMessage = response?.statusText || STATUS_CODES[this.statusCode] || "";
    this.httpVersion = "1.1";
    this.httpVersionMajor = 1;
    this.httpVersionMinor = 1;
    this.headers = {};
    this.rawHeaders = [];
    this.trailers = {};
    this.rawTrailers = [];
    this.complete = false;
    this.aborted = false;
    this.socket = this.connection = connection();
    this.url = "";
    this.method = null;
    this.reader = response?.body?.getReader() ?? null;
    // What comes is decoded already.
    const decoded = response?.headers.has("content-encoding");
    response?.headers.forEach((value, name) => {
      if (decoded && (name === "content-encoding" || name === "content-length")) return;
      if (name === "set-cookie") {
        this.headers[name] ??= response.headers.getSetCookie();
      } else this.headers[name] = value;
      ArrayPush(this.rawHeaders, name, value);
    });
  }
  _read() {
    if (this.reader === null) {
      this.complete = true;
      this.push(null);
      return;
    }
    this.reader.read().then(
      ({ done, value }) => {
        this.complete = done;
        this.push(done ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      },
      (error) => this.destroy(error),
    );
  }
  _destroy(error, done) {
    this.reader?.cancel().then(() => {}, () => {});
    done(error);
  }
  setTimeout() {
    return this;
  }
}

/** What packages ask of a connection. */
function connection() {
  const socket = new EventEmitter();
  const same = () => socket;
  return Object.assign(socket, {
    encrypted: true,
    authorized: true,
    remoteAddress: undefined,
    destroyed: false,
    setKeepAlive: same,
    setNoDelay: same,
    setTimeout: same,
    ref: same,
    unref: same,
    destroy: same,
    end: same,
  });
}

function pairs(headers) {
  if (headers === undefined || headers === null) return [];
  if (headers instanceof Headers) return [...headers];
  if (!ArrayIsArray(headers)) return Object.entries(headers);
  if (ArrayIsArray(headers[0])) return headers;
  const found = [];
  for (let i = 0; i + 1 < headers.length; i += 2) ArrayPush(found, [headers[i], headers[i + 1]]);
  return found;
}

function urlOf(options, scheme) {
  const protocol = options.protocol ?? `${scheme}:`;
  if (protocol !== "http:" && protocol !== "https:") throw typeFailure("ERR_INVALID_PROTOCOL", `Protocol "${protocol}" not supported`);
  if (options.socketPath) throw failure("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "there are no sockets in a function");
  const named = options.hostname ?? options.host ?? "localhost";
  const port = options.port ? `:${options.port}` : "";
  const host = named.includes(":") && !named.startsWith("[") ? (port === "" ? named : `[${named}]`) : named;
  return new URL(`${protocol}//${host}${port}${options.path ?? "/"}`);
}

export class ClientRequest extends stream.Writable {
  #chunks = [];
  #headers = new Map();
  #abort = new AbortController();
  #timer;
  constructor(url, options, scheme) {
    super();
    this.#timer = undefined;
    this.url = url;
    this.method = (options.method ?? "GET").toUpperCase();
    this.path = url.pathname + url.search;
    this.host = url.hostname;
    this.protocol = url.protocol ?? scheme;
    this.agent = options.agent;
    this.aborted = false;
    this.reusedSocket = false;
    this.res = null;
    for (const [name, value] of pairs(options.headers)) this.setHeader(name, value);
    if (options.auth) this.setHeader("authorization", `Basic ${Buffer.from(options.auth).toString("base64")}`);
    if (options.timeout) this.setTimeout(options.timeout);
    options.signal?.addEventListener("abort", () => this.destroy(options.signal.reason));
    this.socket = this.connection = connection();
    globalThis.queueMicrotask(() => this.emit("socket", this.socket));
  }
  setHeader(name, value) {
    this.#headers.set(StringToLowerCase(`${name}`), [name, value]);
    return this;
  }
  getHeader(name) {
    return this.#headers.get(StringToLowerCase(`${name}`))?.[1];
  }
  hasHeader(name) {
    return this.#headers.has(StringToLowerCase(`${name}`));
  }
  removeHeader(name) {
    this.#headers.delete(StringToLowerCase(`${name}`));
  }
  getHeaders() {
    const headers = { __proto__: null };
    for (const [name, [, value]] of this.#headers) headers[name] = value;
    return headers;
  }
  getHeaderNames() {
    return [...this.#headers.keys()];
  }
  getRawHeaderNames() {
    return [...this.#headers.values()].map(([name]) => name);
  }
  flushHeaders() {}
  setNoDelay() {}
  setSocketKeepAlive() {}
  setTimeout(delay, callback) {
    if (callback) this.once("timeout", callback);
    globalThis.clearTimeout(this.#timer);
    if (delay > 0) this.#timer = globalThis.setTimeout(() => this.emit("timeout"), delay);
    return this;
  }
  abort() {
    this.aborted = true;
    this.destroy();
  }
  _write(chunk, encoding, done) {
    ArrayPush(this.#chunks, typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
    done();
  }
  _final(done) {
    done();
    this.#send();
  }
  _destroy(error, done) {
    globalThis.clearTimeout(this.#timer);
    this.#abort.abort(error ?? undefined);
    done(error ?? (this.res === null ? failure("ECONNRESET", "socket hang up") : null));
  }
  #send() {
    const headers = new Headers();
    for (const [name, [, value]] of this.#headers) {
      if (OWN[name]) continue;
      for (const one of ArrayIsArray(value) ? value : [value]) headers.append(name, `${one}`);
    }
    const body = this.#chunks.length === 0 || this.method === "GET" || this.method === "HEAD" ? undefined : Buffer.concat(this.#chunks);
    fetch(this.url, { method: this.method, headers, body, redirect: "manual", signal: this.#abort.signal }).then(
      (response) => {
        globalThis.clearTimeout(this.#timer);
        if (this.destroyed) return;
        this.res = new IncomingMessage(response);
        this.res.req = this;
        this.res.url = response.url;
        // It is read to its end where no listener does it.
        if (!this.emit("response", this.res)) this.res.resume();
      },
      (error) => {
        if (this.destroyed) return;
        error.code ??= "ECONNREFUSED";
        this.destroy(error);
      },
    );
  }
}

function client(scheme) {
  const module = `node:${scheme}`;
  function request(...args) {
    let options = {};
    let url;
    const callback = typeof args[args.length - 1] === "function" ? args.pop() : undefined;
    for (const given of args) {
      if (typeof given === "string" || given instanceof URL) url = new URL(given);
      else if (given) options = { ...options, ...given };
    }
    if (url === undefined) url = urlOf(options, scheme);
    else if (options.path !== undefined) url = new URL(options.path, url);
    const made = new ClientRequest(url, options, scheme);
    if (callback) made.once("response", callback);
    return made;
  }
  function get(...args) {
    const made = request(...args);
    made.end();
    return made;
  }
  const globalAgent = new Agent();
  const names = ["createServer", "Server"];
  if (scheme === "http") ArrayPush(names, "ServerResponse", "OutgoingMessage");
  const server = {};
  for (const name of names) server[name] = absent(module, name);
  const shared = scheme === "http" ? { METHODS, STATUS_CODES, IncomingMessage, ClientRequest, maxHeaderSize: 16384 } : {};
  return { request, get, Agent, globalAgent, ...shared, ...server };
}

export const http = client("http");
export const https = client("https");
