// What Request and Response share: a body that can be read once.

import { host } from "./host.js";
import { URLSearchParams } from "./url.js";
import { ArrayBufferSlice, JSONParse, rejected, resolved, StringStartsWith, viewOf } from "./primordials.js";

/**
 * A body: `null`, a string, a `Uint8Array` that nobody else holds, or `INCOMING` for the one that the host keeps until
 * it is asked for.
 */
export const INCOMING = Symbol("incoming");

/** What `new Request` and `new Response` make of their body argument: the body and the content type it implies. */
export function extractBody(init) {
  if (init === null || init === undefined) return { body: null, type: null };
  if (typeof init === "string") return { body: init.toWellFormed(), type: "text/plain;charset=UTF-8" };
  if (init instanceof URLSearchParams) {
    return { body: init.toString(), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  }
  const view = viewOf(init);
  if (view !== null) return { body: view.slice(), type: null };
  return { body: `${init}`.toWellFormed(), type: "text/plain;charset=UTF-8" };
}

export class Body {
  #body;
  #used = false;
  constructor(body) {
    this.#body = body;
  }
  get bodyUsed() {
    return this.#used;
  }
  text() {
    return this.#consume((body) => {
      if (body === INCOMING) return host.bodyText();
      if (typeof body === "string") return body;
      const text = host.utf8Decode(body, false);
      return StringStartsWith(text, "\ufeff") ? text.slice(1) : text;
    }, "");
  }
  json() {
    return this.#consume((body) => {
      if (body === INCOMING) return JSONParse(host.bodyText());
      return JSONParse(typeof body === "string" ? body : host.utf8Decode(body, false));
    }, undefined);
  }
  arrayBuffer() {
    return this.#consume((body) => bytesOf(body).buffer, new ArrayBuffer(0));
  }
  bytes() {
    return this.#consume(bytesOf, new Uint8Array(0));
  }
  #consume(read, empty) {
    if (this.#used) return rejected(new TypeError("The body has been read already"));
    const body = this.#body;
    if (body === null) {
      return empty === undefined ? rejected(new SyntaxError("Unexpected end of JSON input")) : resolved(empty);
    }
    this.#used = true;
    this.#body = null;
    try {
      return resolved(read(body));
    } catch (error) {
      return rejected(error);
    }
  }
  /** The body for a copy of this object, left where it is. */
  static copyOf(self) {
    if (self.#used) throw new TypeError("The body has been read already");
    if (self.#body === INCOMING) self.#body = new Uint8Array(host.bodyBytes());
    return self.#body;
  }
  /** The body, taken: the object counts as read. */
  static take(self) {
    if (self.#used) throw new TypeError("The body has been read already");
    const body = self.#body;
    if (body !== null) self.#used = true;
    self.#body = null;
    return body === INCOMING ? new Uint8Array(host.bodyBytes()) : body;
  }
}

const { copyOf, take } = Body;
delete Body.copyOf;
delete Body.take;
export const copyBody = copyOf;
export const takeBody = take;

function bytesOf(body) {
  if (body === INCOMING) return new Uint8Array(host.bodyBytes());
  if (typeof body === "string") return new Uint8Array(host.utf8Encode(body));
  return body.byteLength === body.buffer.byteLength ? body : new Uint8Array(ArrayBufferSlice(body.buffer, 0));
}
