// `EventSource` over `fetch`: it connects again by itself, from the last event that it has seen.

import { ErrorEvent, MessageEvent } from "../api/events_kinds.js";
import { dispatchTrusted, EventTarget, fire, handlerAttribute } from "../api/events_target.js";
import { DOMException } from "../api/exceptions.js";

const { fetch, Headers, AbortController, TextDecoderStream, URL } = globalThis;
const RETRY_MS = 3000;
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

export class EventSource extends EventTarget {
  #url;
  #state = CONNECTING;
  #abort = new AbortController();
  #lastId = "";
  /** Of the event that is being read: it counts once that is whole. */
  #nextId = "";
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
      } catch (error) {
        // What the network did is tried again, as at a connection's end; what is refused stays refused.
        if (this.#state !== CLOSED && error?.code !== "FETCH_FAILED") {
          this.#state = CLOSED;
          dispatchTrusted(this, new ErrorEvent("error", { message: `${error?.message}`, error }));
        }
      }
      if (this.#state === CLOSED) return;
      this.#state = CONNECTING;
      fire(this, "error");
      await new Promise((resolve) => globalThis.setTimeout(resolve, this.#retry));
    }
  }
  /** Reads a response to its end; false where no other will do better. */
  async #read() {
    const headers = new Headers({ accept: "text/event-stream", "cache-control": "no-cache" });
    if (this.#lastId !== "") headers.set("last-event-id", this.#lastId);
    const response = await fetch(this.#url, { headers, signal: this.#abort.signal });
    const type = (response.headers.get("content-type") ?? "").toLowerCase();
    if (response.status !== 200 || !type.startsWith("text/event-stream")) {
      this.#state = CLOSED;
      fire(this, "error");
      return false;
    }
    this.#state = OPEN;
    fire(this, "open");
    const origin = new URL(response.url).origin;
    let rest = "";
    this.#nextId = this.#lastId;
    let event = { type: "", data: null };
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      rest += text;
      // A last \r may be half of a line's end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          this.#lastId = this.#nextId;
          if (event.data !== null) {
            dispatchTrusted(this, new MessageEvent(event.type || "message", { data: event.data, origin, lastEventId: this.#lastId }));
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
    else if (name === "id" && !value.includes("\0")) this.#nextId = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.#retry = +value;
  }
}
const STATES = { CONNECTING, OPEN, CLOSED };
for (const name in STATES) {
  for (const object of [EventSource, EventSource.prototype]) Object.defineProperty(object, name, { value: STATES[name], enumerable: true });
}
for (const type of ["open", "message", "error"]) handlerAttribute(EventSource.prototype, type);
Object.defineProperty(EventSource.prototype, Symbol.toStringTag, { value: "EventSource", configurable: true });
