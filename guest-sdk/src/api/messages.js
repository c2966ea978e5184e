// MessageChannel and MessagePort, within one function.

import { deserialize, onTransfer, serialize, transferOf } from "./clone.js";
import { DOMException } from "./exceptions.js";
import { MessageEvent, onPorts } from "./events_kinds.js";
import { dispatchTrusted, EventTarget, fire, handlerAttribute } from "./events_target.js";
import { newQueue, queueLength, queuePush, queueShift } from "./queue.js";
import { queueTask } from "./tasks.js";
import { ArrayPush, exposeInterface } from "./primordials.js";

const GUARD = Symbol("guard");
let endOf;
let takeEnd;

function newEnd() {
  return { __proto__: null, port: null, other: null, messages: newQueue(), started: false, closed: false };
}

export class MessagePort extends EventTarget {
  #end;
  constructor(guard, end) {
    if (guard !== GUARD) throw new TypeError("Illegal constructor");
    super();
    this.#end = end;
    end.port = this;
  }
  postMessage(message, options = undefined) {
    const end = this.#end;
    if (arguments.length === 0) throw new TypeError("postMessage needs a message");
    const transfer = transferOf(options);
    for (let i = 0; i < transfer.length; i++) {
      if (transfer[i] === this) throw new DOMException("A port cannot send itself", "DataCloneError");
    }
    const data = serialize(message, transfer);
    const { other } = end;
    if (other === null || other.closed) return;
    queuePush(other.messages, data);
    if (other.started) queueTask(() => deliver(other));
  }
  start() {
    start(this.#end);
  }
  close() {
    const end = this.#end;
    if (end.closed) return;
    end.closed = true;
    const { other } = end;
    if (other === null || other.closed) return;
    other.closed = true;
    queueTask(() => {
      if (other.port !== null) fire(other.port, "close");
    });
  }
  static {
    endOf = (value) => (typeof value === "object" && value !== null && #end in value ? value.#end : undefined);
    takeEnd = (port) => {
      const end = port.#end;
      if (end.port === null || end.port !== port) throw new DOMException("The port was transferred already", "DataCloneError");
      port.#end = newEnd();
      port.#end.closed = true;
      end.port = null;
      end.started = false;
      return end;
    };
  }
}

function start(end) {
  if (end.started || end.closed) return;
  end.started = true;
  for (let i = 0; i < queueLength(end.messages); i++) queueTask(() => deliver(end));
}

function deliver(end) {
  if (!end.started || end.port === null || queueLength(end.messages) === 0) return;
  const data = queueShift(end.messages);
  const { port } = end;
  let message;
  try {
    message = deserialize(data);
  } catch {
    dispatchTrusted(port, new MessageEvent("messageerror"));
    return;
  }
  const ports = message.objects;
  const received = [];
  for (let i = 0; i < ports.length; i++) if (endOf(ports[i]) !== undefined) ArrayPush(received, ports[i]);
  dispatchTrusted(port, new MessageEvent("message", { __proto__: null, data: message.value, ports: received }));
}

handlerAttribute(MessagePort.prototype, "message", undefined, (port) => start(endOf(port)));
handlerAttribute(MessagePort.prototype, "messageerror");
handlerAttribute(MessagePort.prototype, "close");
Object.defineProperty(MessagePort, "length", { value: 0, configurable: true });
exposeInterface(MessagePort, "MessagePort");

onPorts((value) => endOf(value) !== undefined);
onTransfer(
  (value) => endOf(value) !== undefined,
  (port) => {
    const end = takeEnd(port);
    return () => new MessagePort(GUARD, end);
  },
);

class MessageChannel {
  #port1;
  #port2;
  constructor() {
    const first = newEnd();
    const second = newEnd();
    first.other = second;
    second.other = first;
    this.#port1 = new MessagePort(GUARD, first);
    this.#port2 = new MessagePort(GUARD, second);
  }
  get port1() {
    return this.#port1;
  }
  get port2() {
    return this.#port2;
  }
}
exposeInterface(MessageChannel, "MessageChannel");
