// Requests, responses and fetch.

type HeadersInit = Iterable<readonly string[]> | Record<string, string> | Headers;

/** Names and values, whatever the names' case. */
interface Headers {
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  /** Every `set-cookie`, one by one. */
  getSetCookie(): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  entries(): WebIterator<[string, string]>;
  keys(): WebIterator<string>;
  values(): WebIterator<string>;
  forEach(callback: (value: string, key: string, parent: Headers) => void, thisArg?: any): void;
  [Symbol.iterator](): WebIterator<[string, string]>;
}

declare var Headers: {
  prototype: Headers;
  new (init?: HeadersInit): Headers;
};

type XMLHttpRequestBodyInit = Blob | BufferSource | FormData | URLSearchParams | string;
type BodyInit = ReadableStream | XMLHttpRequestBodyInit;

/** What requests and responses have in common: a body that is read once. */
interface Body {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  readonly bodyUsed: boolean;
  arrayBuffer(): Promise<ArrayBuffer>;
  blob(): Promise<Blob>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  formData(): Promise<FormData>;
  json(): Promise<any>;
  text(): Promise<string>;
}

type RequestCache = "default" | "force-cache" | "no-cache" | "no-store" | "only-if-cached" | "reload";
type RequestCredentials = "include" | "omit" | "same-origin";
type RequestMode = "cors" | "navigate" | "no-cors" | "same-origin";
type RequestPriority = "auto" | "high" | "low";
type RequestRedirect = "error" | "follow" | "manual";
type RequestDuplex = "half";
type RequestDestination = "";
type ReferrerPolicy =
  | ""
  | "no-referrer"
  | "no-referrer-when-downgrade"
  | "origin"
  | "origin-when-cross-origin"
  | "same-origin"
  | "strict-origin"
  | "strict-origin-when-cross-origin"
  | "unsafe-url";

/** How a request is made. What means nothing on a server, such as `mode` and `cache`, is checked and has no effect. */
interface RequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | null;
  /** Needed with a stream as `body`. */
  duplex?: RequestDuplex;
  redirect?: RequestRedirect;
  signal?: AbortSignal | null;
  cache?: RequestCache;
  credentials?: RequestCredentials;
  integrity?: string;
  keepalive?: boolean;
  mode?: RequestMode;
  priority?: RequestPriority;
  referrer?: string;
  referrerPolicy?: ReferrerPolicy;
  window?: null;
}

type RequestInfo = Request | string;

interface Request extends Body {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** Fires when it is no longer wanted: of the handler's own request, when the caller has gone. */
  readonly signal: AbortSignal;
  readonly redirect: RequestRedirect;
  readonly duplex: RequestDuplex;
  readonly cache: RequestCache;
  readonly credentials: RequestCredentials;
  readonly destination: RequestDestination;
  readonly integrity: string;
  readonly isHistoryNavigation: boolean;
  readonly isReloadNavigation: boolean;
  readonly keepalive: boolean;
  readonly mode: RequestMode;
  readonly referrer: string;
  readonly referrerPolicy: ReferrerPolicy;
  clone(): Request;
}

declare var Request: {
  prototype: Request;
  new (input: RequestInfo | URL, init?: RequestInit): Request;
};

interface ResponseInit {
  headers?: HeadersInit;
  status?: number;
  statusText?: string;
}

type ResponseType = "basic" | "cors" | "default" | "error" | "opaque" | "opaqueredirect";

interface Response extends Body {
  readonly status: number;
  readonly statusText: string;
  /** Whether the status is 200 to 299. */
  readonly ok: boolean;
  readonly headers: Headers;
  readonly redirected: boolean;
  readonly type: ResponseType;
  readonly url: string;
  clone(): Response;
}

declare var Response: {
  prototype: Response;
  new (body?: BodyInit | null, init?: ResponseInit): Response;
  error(): Response;
  json(data: any, init?: ResponseInit): Response;
  redirect(url: string | URL, status?: number): Response;
};

/** Asks a public host. A refusal is a `TypeError` with the code `EGRESS_DENIED`, a failure one with `FETCH_FAILED`. */
declare function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
