// Globals of browsers that packages look for: `EventSource` over `fetch`, `caches` that keep nothing, and a `WebSocket` that says
// that it cannot connect.

import { handlerAttribute } from "../api/events_target.js";

const { DOMException, EventTarget, Event, MessageEvent, fetch, Headers, AbortController, TextDecoderStream, URL } = globalThis;
const RETRY_MS = 3000;
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

class EventSource extends EventTarget {
  #url;
  #state = CONNECTING;
  #abort = new AbortController();
  #lastId = "";
  #retry = RETRY_MS;
  #withCredentials;
  constructor(url, init = undefined) {
    super();
    try {
      this.#url = new URL(`${url}`).href;
    } catch {
      throw new DOMException(`'${url}' is not an address`, "SyntaxError");
    }
    this.#withCredentials = !!init?.withCredentials;
    this.#connect();
  }
  get url() {
    return this.#url;
  }
  get readyState() {
    return this.#state;
  }
  get withCredentials() {
    return this.#withCredentials;
  }
  close() {
    this.#state = CLOSED;
    this.#abort.abort();
  }
  async #connect() {
    while (this.#state !== CLOSED) {
      try {
        if (!(await this.#read())) return;
      } catch {
        // It is tried again, as at a connection's end.
      }
      if (this.#state === CLOSED) return;
      this.#state = CONNECTING;
      this.dispatchEvent(new Event("error"));
      await new Promise((resolve) => globalThis.setTimeout(resolve, this.#retry));
    }
  }
  /** Reads a response to its end; false where no other will do better. */
  async #read() {
    const headers = new Headers({ accept: "text/event-stream", "cache-control": "no-cache" });
    if (this.#lastId !== "") headers.set("last-event-id", this.#lastId);
    const response = await fetch(this.#url, { headers, signal: this.#abort.signal });
    const type = response.headers.get("content-type") ?? "";
    if (response.status !== 200 || !type.startsWith("text/event-stream")) {
      this.#state = CLOSED;
      this.dispatchEvent(new Event("error"));
      return false;
    }
    this.#state = OPEN;
    this.dispatchEvent(new Event("open"));
    const origin = new URL(response.url).origin;
    let rest = "";
    let event = { type: "", data: null };
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      rest += text;
      // A last \r may be half of a line's end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          if (event.data !== null) {
            this.dispatchEvent(new MessageEvent(event.type || "message", { data: event.data, origin, lastEventId: this.#lastId }));
          }
          event = { type: "", data: null };
        } else this.#field(line, event);
        if (this.#state === CLOSED) return false;
      }
    }
    return true;
  }
  #field(line, event) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (name === "data") event.data = event.data === null ? value : `${event.data}\n${value}`;
    else if (name === "event") event.type = value;
    else if (name === "id" && !value.includes("\0")) this.#lastId = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.#retry = +value;
  }
}
const STATES = { CONNECTING, OPEN, CLOSED };
for (const name in STATES) {
  for (const object of [EventSource, EventSource.prototype]) Object.defineProperty(object, name, { value: STATES[name], enumerable: true });
}
for (const type of ["open", "message", "error"]) handlerAttribute(EventSource.prototype, type);

class WebSocket extends EventTarget {
  constructor(url) {
    super();
    throw new DOMException(`a function cannot connect to ${url}: it has no WebSocket client; use fetch, or ctx.broadcast to reach clients`, "NotSupportedError");
  }
}
const SOCKET_STATES = { CONNECTING, OPEN, CLOSING: 2, CLOSED: 3 };
for (const name in SOCKET_STATES) {
  for (const object of [WebSocket, WebSocket.prototype]) Object.defineProperty(object, name, { value: SOCKET_STATES[name], enumerable: true });
}

class Cache {
  async match() {
    return undefined;
  }
  async matchAll() {
    return [];
  }
  async put(request, response) {
    // It is read to its end, as one that is kept would be.
    await response.body?.cancel();
  }
  async add() {}
  async addAll() {}
  async delete() {
    return false;
  }
  async keys() {
    return [];
  }
}

class CacheStorage {
  #only = new Cache();
  get default() {
    return this.#only;
  }
  async open() {
    return this.#only;
  }
  async match() {
    return undefined;
  }
  async has() {
    return false;
  }
  async delete() {
    return false;
  }
  async keys() {
    return [];
  }
}

export const clients = { __proto__: null, EventSource, WebSocket, caches: new CacheStorage() };
Object.defineProperty(EventSource.prototype, Symbol.toStringTag, { value: "EventSource", configurable: true });
Object.defineProperty(WebSocket.prototype, Symbol.toStringTag, { value: "WebSocket", configurable: true });
