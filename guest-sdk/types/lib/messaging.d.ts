// structuredClone, and message ports.

/** What can be moved into a copy instead of being copied. */
type Transferable = ArrayBuffer | MessagePort | ReadableStream | WritableStream | TransformStream;

interface StructuredSerializeOptions {
  transfer?: Transferable[];
}

/** A deep copy, cycles and built-in classes included. */
declare function structuredClone<T = any>(value: T, options?: StructuredSerializeOptions): T;

type MessageEventSource = MessagePort;

interface MessageEventInit<T = any> extends EventInit {
  data?: T;
  lastEventId?: string;
  origin?: string;
  ports?: MessagePort[];
  source?: MessageEventSource | null;
}

/** A message, with its value. */
interface MessageEvent<T = any> extends Event {
  readonly data: T;
  readonly lastEventId: string;
  readonly origin: string;
  readonly ports: readonly MessagePort[];
  readonly source: MessageEventSource | null;
  /** @deprecated Give the constructor an init. */
  initMessageEvent(
    type: string,
    bubbles?: boolean,
    cancelable?: boolean,
    data?: T,
    origin?: string,
    lastEventId?: string,
    source?: MessageEventSource | null,
    ports?: MessagePort[],
  ): void;
}

declare var MessageEvent: {
  prototype: MessageEvent;
  new <T = any>(type: string, init?: MessageEventInit<T>): MessageEvent<T>;
};

interface MessagePortEventMap {
  message: MessageEvent;
  messageerror: MessageEvent;
  close: Event;
}

/** One end of a channel. */
interface MessagePort extends EventTarget {
  /** Setting it also starts the port. */
  onmessage: ((this: MessagePort, event: MessageEvent) => any) | null;
  onmessageerror: ((this: MessagePort, event: MessageEvent) => any) | null;
  onclose: ((this: MessagePort, event: Event) => any) | null;
  postMessage(message: any, transfer: Transferable[]): void;
  postMessage(message: any, options?: StructuredSerializeOptions): void;
  start(): void;
  close(): void;
  addEventListener<K extends keyof MessagePortEventMap>(
    type: K,
    listener: (this: MessagePort, event: MessagePortEventMap[K]) => any,
    options?: AddEventListenerOptions | boolean,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener<K extends keyof MessagePortEventMap>(
    type: K,
    listener: (this: MessagePort, event: MessagePortEventMap[K]) => any,
    options?: EventListenerOptions | boolean,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: EventListenerOptions | boolean,
  ): void;
}

declare var MessagePort: {
  prototype: MessagePort;
  new (): MessagePort;
};

/** Two ports: what is posted at one arrives at the other. */
interface MessageChannel {
  readonly port1: MessagePort;
  readonly port2: MessagePort;
}

declare var MessageChannel: {
  prototype: MessageChannel;
  new (): MessageChannel;
};
