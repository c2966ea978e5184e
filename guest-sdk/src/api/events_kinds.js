// The events that carry something: CustomEvent, ErrorEvent, MessageEvent and PromiseRejectionEvent.

import { Event, initializeEvent, initMember } from "./events.js";
import { ArrayPush, exposeInterface, iterate, ObjectFreeze, SymbolIterator } from "./primordials.js";

class CustomEvent extends Event {
  #detail;
  constructor(type, init = undefined) {
    if (arguments.length === 0) throw new TypeError("CustomEvent needs a type");
    super(type, init);
    this.#detail = initMember(init, "detail", null);
  }
  get detail() {
    return this.#detail;
  }
  initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
    if (arguments.length === 0) throw new TypeError("initCustomEvent needs a type");
    if (initializeEvent(this, `${type}`, !!bubbles, !!cancelable)) this.#detail = detail;
  }
}

export class ErrorEvent extends Event {
  #facts;
  constructor(type, init = undefined) {
    if (arguments.length === 0) throw new TypeError("ErrorEvent needs a type");
    super(type, init);
    this.#facts = {
      __proto__: null,
      colno: initMember(init, "colno", 0) >>> 0,
      error: initMember(init, "error", undefined),
      filename: `${initMember(init, "filename", "")}`,
      lineno: initMember(init, "lineno", 0) >>> 0,
      message: `${initMember(init, "message", "")}`,
    };
  }
  get message() {
    return this.#facts.message;
  }
  get filename() {
    return this.#facts.filename;
  }
  get lineno() {
    return this.#facts.lineno;
  }
  get colno() {
    return this.#facts.colno;
  }
  get error() {
    return this.#facts.error;
  }
}

export class MessageEvent extends Event {
  #facts;
  constructor(type, init = undefined) {
    if (arguments.length === 0) throw new TypeError("MessageEvent needs a type");
    super(type, init);
    this.#facts = {
      __proto__: null,
      data: initMember(init, "data", null),
      lastEventId: `${initMember(init, "lastEventId", "")}`,
      origin: `${initMember(init, "origin", "")}`,
      ports: portsOf(initMember(init, "ports", undefined)),
      source: sourceOf(initMember(init, "source", null)),
    };
  }
  get data() {
    return this.#facts.data;
  }
  get origin() {
    return this.#facts.origin;
  }
  get lastEventId() {
    return this.#facts.lastEventId;
  }
  get source() {
    return this.#facts.source;
  }
  get ports() {
    return this.#facts.ports;
  }
  initMessageEvent(type, bubbles = false, cancelable = false, data = null, origin = "", lastEventId = "", source = null, ports = []) {
    if (arguments.length === 0) throw new TypeError("initMessageEvent needs a type");
    const facts = { __proto__: null, data, lastEventId: `${lastEventId}`, origin: `${origin}`, ports: portsOf(ports), source: sourceOf(source) };
    if (initializeEvent(this, `${type}`, !!bubbles, !!cancelable)) this.#facts = facts;
  }
}

let isPort = () => false;

/** How a `MessagePort` is known; its class comes after this one. */
export function onPorts(check) {
  isPort = check;
}

function portsOf(given) {
  const ports = [];
  if (given === undefined) return ObjectFreeze(ports);
  if (typeof given !== "object" || given === null || typeof given[SymbolIterator] !== "function") {
    throw new TypeError("ports must be a sequence");
  }
  iterate(given, given[SymbolIterator], (port) => {
    if (!isPort(port)) throw new TypeError("ports holds MessagePorts only");
    ArrayPush(ports, port);
  });
  return ObjectFreeze(ports);
}

function sourceOf(source) {
  if (source === null || isPort(source)) return source;
  throw new TypeError("source must be a MessagePort");
}

export class PromiseRejectionEvent extends Event {
  #promise;
  #reason;
  constructor(type, init) {
    if (arguments.length < 2) throw new TypeError("PromiseRejectionEvent needs a type and a promise");
    super(type, init);
    const promise = initMember(init, "promise", undefined);
    if ((typeof promise !== "object" && typeof promise !== "function") || promise === null) {
      throw new TypeError("PromiseRejectionEvent needs a promise");
    }
    this.#promise = promise;
    this.#reason = initMember(init, "reason", undefined);
  }
  get promise() {
    return this.#promise;
  }
  get reason() {
    return this.#reason;
  }
}

exposeInterface(CustomEvent, "CustomEvent");
exposeInterface(ErrorEvent, "ErrorEvent");
exposeInterface(MessageEvent, "MessageEvent");
exposeInterface(PromiseRejectionEvent, "PromiseRejectionEvent");
