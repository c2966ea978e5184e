// Clients of streams and sockets, and caches: for functions that name them.

interface CloseEventInit extends EventInit {
  code?: number;
  reason?: string;
  wasClean?: boolean;
}

/** The end of a WebSocket. */
interface CloseEvent extends Event {
  /** 1005 where none was said, 1006 where there was no close at all. */
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

declare var CloseEvent: {
  prototype: CloseEvent;
  new (type: string, init?: CloseEventInit): CloseEvent;
};

interface WebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: ErrorEvent;
  close: CloseEvent;
}

interface WebSocketOptions {
  protocols?: string | Iterable<string>;
  headers?: HeadersInit;
}

/** A connection to another server, by the rules of `fetch`. It ends with its invocation. */
interface WebSocket extends EventTarget {
  readonly url: string;
  readonly readyState: number;
  readonly protocol: string;
  readonly extensions: string;
  /** Bytes that were sent and are not with the network yet. */
  readonly bufferedAmount: number;
  /** What messages of bytes are; `blob` unless it is set. */
  binaryType: "blob" | "arraybuffer";
  onopen: ((this: WebSocket, event: Event) => any) | null;
  onmessage: ((this: WebSocket, event: MessageEvent) => any) | null;
  onerror: ((this: WebSocket, event: ErrorEvent) => any) | null;
  onclose: ((this: WebSocket, event: CloseEvent) => any) | null;
  send(data: string | Blob | ArrayBuffer | ArrayBufferView): void;
  /** With 1000, or 3000 to 4999. */
  close(code?: number, reason?: string): void;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  addEventListener<K extends keyof WebSocketEventMap>(
    type: K,
    listener: (this: WebSocket, event: WebSocketEventMap[K]) => any,
    options?: AddEventListenerOptions | boolean,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: AddEventListenerOptions | boolean,
  ): void;
}

declare var WebSocket: {
  prototype: WebSocket;
  new (url: string | URL, protocols?: string | Iterable<string> | WebSocketOptions, options?: WebSocketOptions): WebSocket;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
};

interface EventSourceInit {
  withCredentials?: boolean;
}

/** Reads server-sent events, and connects again behind the last one when the stream ends. */
interface EventSource extends EventTarget {
  readonly url: string;
  readonly readyState: number;
  readonly withCredentials: boolean;
  onopen: ((this: EventSource, event: Event) => any) | null;
  onmessage: ((this: EventSource, event: MessageEvent) => any) | null;
  onerror: ((this: EventSource, event: Event) => any) | null;
  close(): void;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
}

declare var EventSource: {
  prototype: EventSource;
  new (url: string | URL, init?: EventSourceInit): EventSource;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
};

/** A cache that keeps nothing. */
interface Cache {
  match(request: RequestInfo | URL): Promise<Response | undefined>;
  matchAll(request?: RequestInfo | URL): Promise<Response[]>;
  put(request: RequestInfo | URL, response: Response): Promise<void>;
  add(request: RequestInfo | URL): Promise<void>;
  addAll(requests: (RequestInfo | URL)[]): Promise<void>;
  delete(request: RequestInfo | URL): Promise<boolean>;
  keys(): Promise<Request[]>;
}

/** Takes what is put into it, and keeps nothing: use `ctx.kv`. */
interface CacheStorage {
  readonly default: Cache;
  open(name: string): Promise<Cache>;
  match(request: RequestInfo | URL): Promise<Response | undefined>;
  has(name: string): Promise<boolean>;
  delete(name: string): Promise<boolean>;
  keys(): Promise<string[]>;
}

declare var caches: CacheStorage;
