// `WebSocket` and `CloseEvent`: a client over the host, which connects by the rules of `fetch`.

import { blobData, blobOf } from "../api/blob.js";
import { Event, initMember } from "../api/events.js";
import { ErrorEvent, MessageEvent } from "../api/events_kinds.js";
import { dispatchTrusted, EventTarget, fire, handlerAttribute } from "../api/events_target.js";
import { DOMException } from "../api/exceptions.js";
import { headerList, Headers } from "../api/headers.js";
import { host } from "../api/host.js";
import { TypedArrayByteLength, viewOf } from "../api/primordials.js";
import { cancelTimer, startTimer } from "../api/timers.js";

const { URL } = globalThis;
const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const STATES = { CONNECTING, OPEN, CLOSING, CLOSED };
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** How long the other side may take to close. */
const CLOSE_MS = 5000;
const REASON_BYTES_MAX = 123;
const MESSAGE_BYTES_MAX = 1 << 20;
const NO_CODE = 1005;
const ABNORMAL = 1006;

export class CloseEvent extends Event {
  #facts;
  constructor(type, init = undefined) {
    if (arguments.length === 0) throw new TypeError("CloseEvent needs a type");
    super(type, init);
    this.#facts = {
      wasClean: !!initMember(init, "wasClean", false),
      code: initMember(init, "code", 0) & 0xffff,
      reason: `${initMember(init, "reason", "")}`,
    };
  }
  get wasClean() {
    return this.#facts.wasClean;
  }
  get code() {
    return this.#facts.code;
  }
  get reason() {
    return this.#facts.reason;
  }
}

function addressOf(given) {
  let url;
  try {
    url = new URL(`${given}`);
  } catch {
    throw new DOMException(`'${given}' is not an address`, "SyntaxError");
  }
  if (url.protocol === "http:") url.protocol = "ws:";
  else if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new DOMException(`A WebSocket's address begins with wss: or ws:, not ${url.protocol}`, "SyntaxError");
  }
  if (url.href.includes("#")) throw new DOMException("A WebSocket's address has no fragment", "SyntaxError");
  return url;
}

/** What the second argument may be: a subprotocol, a sequence of them, or an object with both them and headers. */
function settings(second, third) {
  const isList = typeof second === "object" && second !== null && typeof second[Symbol.iterator] === "function";
  const options = typeof second === "object" && second !== null && !isList ? second : (third ?? {});
  const given = isList || typeof second === "string" ? second : options.protocols ?? options.protocol ?? [];
  const protocols = typeof given === "string" ? [given] : Array.from(given, (name) => `${name}`);
  const seen = new Set();
  for (const name of protocols) {
    const known = name.toLowerCase();
    if (!TOKEN.test(name)) throw new DOMException(`'${name}' is not a name of a subprotocol`, "SyntaxError");
    if (seen.has(known)) throw new DOMException(`The subprotocol '${name}' is there twice`, "SyntaxError");
    seen.add(known);
  }
  return { protocols, headers: new Headers(options.headers ?? undefined) };
}

/** The bytes of what is sent, and whether they are text. */
function outgoing(data) {
  const bytes = blobData(data)?.bytes ?? (data instanceof ArrayBuffer ? new Uint8Array(data) : viewOf(data));
  if (bytes === null) return { text: true, bytes: new Uint8Array(host.utf8Encode(`${data}`.toWellFormed())) };
  // What the function does to its own bytes afterwards is too late.
  return { text: false, bytes: new Uint8Array(bytes) };
}

export class WebSocket extends EventTarget {
  #url;
  #origin;
  #state = CONNECTING;
  #protocol = "";
  #binaryType = "blob";
  #buffered = 0;
  #number;
  #queue = [];
  /** Whether a message is on its way, and the invocation is held for it. */
  #busy = false;
  #held = false;
  /** What `close` was given, to be sent behind the queue. */
  #ending = null;
  #timer = null;
  #reading = null;
  constructor(url, protocols = undefined, options = undefined) {
    if (arguments.length === 0) throw new TypeError("WebSocket needs an address");
    super();
    const address = addressOf(url);
    const wanted = settings(protocols, options);
    this.#url = address.href;
    this.#origin = address.origin;
    this.#number = host.sockets.connect(address.href, headerList(wanted.headers), wanted.protocols.join(", "), (protocol, error) => {
      if (error !== undefined) this.#fail(error);
      else this.#opened(protocol);
    });
  }
  get url() {
    return this.#url;
  }
  get readyState() {
    return this.#state;
  }
  get protocol() {
    return this.#protocol;
  }
  get extensions() {
    return "";
  }
  get bufferedAmount() {
    return this.#buffered;
  }
  get binaryType() {
    return this.#binaryType;
  }
  set binaryType(type) {
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }
  send(data) {
    if (arguments.length === 0) throw new TypeError("send needs data");
    if (this.#state === CONNECTING) throw new DOMException("The WebSocket is not open yet", "InvalidStateError");
    const message = outgoing(data);
    const size = TypedArrayByteLength(message.bytes);
    if (size > MESSAGE_BYTES_MAX) {
      throw new DOMException(`A message may have ${MESSAGE_BYTES_MAX} bytes at most, and this one has ${size}`, "QuotaExceededError");
    }
    this.#buffered += size;
    if (this.#state !== OPEN) return;
    this.#queue.push(message);
    this.#flush();
  }
  close(code = undefined, reason = undefined) {
    const number = code === undefined ? NO_CODE : Math.trunc(+code) & 0xffff;
    if (code !== undefined && number !== 1000 && !(number >= 3000 && number <= 4999)) {
      throw new DOMException(`A WebSocket is closed with 1000 or 3000 to 4999, not ${code}`, "InvalidAccessError");
    }
    const said = reason === undefined ? "" : `${reason}`.toWellFormed();
    if (host.utf8Encode(said).byteLength > REASON_BYTES_MAX) {
      throw new DOMException(`A reason has ${REASON_BYTES_MAX} bytes at most`, "SyntaxError");
    }
    if (this.#state === CLOSING || this.#state === CLOSED) return;
    const wasOpen = this.#state === OPEN;
    this.#state = CLOSING;
    this.#hold(true);
    if (wasOpen) {
      this.#ending = { number, said };
      this.#timer = startTimer(() => this.#fail(new DOMException("The other side did not close the WebSocket", "TimeoutError")), CLOSE_MS, false);
      this.#flush();
    } else {
      host.cancel(this.#number);
      // Listeners may be added until then.
      startTimer(() => this.#fail(new DOMException("The WebSocket was closed before it was open", "AbortError")), 0, false);
    }
  }
  #opened(protocol) {
    this.#state = OPEN;
    this.#protocol = protocol;
    this.#read();
    fire(this, "open");
  }
  #read() {
    this.#reading = host.sockets.read(this.#number, (message, error) => {
      this.#reading = null;
      if (this.#state === CLOSED) return;
      if (error !== undefined) return this.#fail(error);
      if (Array.isArray(message)) return this.#closed(message[0], message[1]);
      // The next one is asked for first: what a listener throws, or how it waits, does not hold it up.
      this.#read();
      if (this.#state === OPEN) this.#received(message);
    });
  }
  #received(message) {
    const data = typeof message === "string" || this.#binaryType === "arraybuffer" ? message : blobOf(new Uint8Array(message), "");
    dispatchTrusted(this, new MessageEvent("message", { data, origin: this.#origin }));
  }
  /** Sends the next message of the queue, and the end behind the last one. */
  #flush() {
    if (this.#busy || this.#state === CLOSED) return;
    const message = this.#queue.shift();
    if (message === undefined) {
      if (this.#ending !== null) this.#end();
      else this.#hold(false);
      return;
    }
    this.#busy = true;
    this.#hold(true);
    host.sockets.write(this.#number, message.text, message.bytes, (_, error) => {
      this.#busy = false;
      if (this.#state === CLOSED) return;
      if (error !== undefined) return this.#fail(error);
      this.#buffered -= TypedArrayByteLength(message.bytes);
      this.#flush();
    });
  }
  #end() {
    const { number, said } = this.#ending;
    this.#ending = null;
    this.#busy = true;
    host.sockets.close(this.#number, number, said, (_, error) => {
      if (error !== undefined && this.#state !== CLOSED) this.#fail(error);
    });
  }
  /** Until what was sent has left, and what was closed is closed, the invocation is not done. */
  #hold(wanted) {
    if (this.#held === wanted) return;
    this.#held = wanted;
    host.sockets.hold(wanted);
  }
  #fail(error) {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    dispatchTrusted(this, new ErrorEvent("error", { message: error.message, error }));
    this.#over(ABNORMAL, "", false);
  }
  #closed(code, reason) {
    this.#state = CLOSED;
    this.#over(code, reason, true);
  }
  #over(code, reason, wasClean) {
    if (this.#timer !== null) cancelTimer(this.#timer);
    if (this.#reading !== null) host.cancel(this.#reading);
    host.sockets.end(this.#number);
    dispatchTrusted(this, new CloseEvent("close", { code, reason, wasClean }));
    this.#queue = [];
    this.#hold(false);
  }
}
for (const name in STATES) {
  for (const object of [WebSocket, WebSocket.prototype]) Object.defineProperty(object, name, { value: STATES[name], enumerable: true });
}
for (const type of ["open", "message", "error", "close"]) handlerAttribute(WebSocket.prototype, type);
for (const [made, name] of [[WebSocket, "WebSocket"], [CloseEvent, "CloseEvent"]]) {
  Object.defineProperty(made.prototype, Symbol.toStringTag, { value: name, configurable: true });
}
