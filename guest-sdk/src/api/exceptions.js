// DOMException: the error that the web platform throws where the language has no better one.

import { expose, ObjectDefineProperty, tag } from "./primordials.js";

const CODES = {
  __proto__: null,
  IndexSizeError: 1,
  NotFoundError: 8,
  NotSupportedError: 9,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidAccessError: 15,
  NetworkError: 19,
  AbortError: 20,
  QuotaExceededError: 22,
  TimeoutError: 23,
  DataCloneError: 25,
};

export class DOMException extends Error {
  #name;
  constructor(message = "", options = "Error") {
    super(message);
    const named = typeof options === "object" && options !== null ? options : { name: options };
    this.#name = `${named.name ?? "Error"}`;
    if ("cause" in named) {
      ObjectDefineProperty(this, "cause", { value: named.cause, writable: true, configurable: true });
    }
  }
  get name() {
    return this.#name;
  }
  get code() {
    return CODES[this.#name] ?? 0;
  }
}
tag(DOMException, "DOMException");
expose("DOMException", DOMException);
