/// <reference path="./lib/blob.d.ts" />
/// <reference path="./lib/clients.d.ts" />
/// <reference path="./lib/console.d.ts" />
/// <reference path="./lib/crypto.d.ts" />
/// <reference path="./lib/encoding.d.ts" />
/// <reference path="./lib/errors.d.ts" />
/// <reference path="./lib/events.d.ts" />
/// <reference path="./lib/fetch.d.ts" />
/// <reference path="./lib/messaging.d.ts" />
/// <reference path="./lib/performance.d.ts" />
/// <reference path="./lib/scheduling.d.ts" />
/// <reference path="./lib/streams.d.ts" />
/// <reference path="./lib/url.d.ts" />

/** The world of a Mayfly function: `export async function handler(req: Request, ctx: Context): Promise<Response>`. */

/** The function that a module exports as `handler`, or as its default. */
export type Handler = (req: Request, ctx: Context) => Response | Promise<Response>;

/** What an invocation is told and what it may use. Every method may be destructured. */
export interface Context {
  /** The app's own PostgreSQL. */
  readonly db: Database;
  /** Variables: the app's, the function's, and the platform's `BUTTERBASE_*`. Frozen. */
  readonly env: Readonly<Record<string, string>>;
  /** The end user, or null for anyone else. */
  readonly user: User | null;
  /** Who called. */
  readonly caller: Caller;
  readonly app: { readonly id: string; readonly name: string };
  readonly request: {
    readonly id: string;
    readonly ip: string | null;
    readonly functionName: string;
    /** The path within the function, as the caller wrote it: `/` where nothing follows its name. */
    readonly path: string;
  };
  readonly trigger: Trigger;
  /** The socket whose frame started this invocation; null of any other. */
  readonly socket: Socket | null;
  /** Gives `data`, as JSON, to all clients of the app that are subscribed to a channel, on every node. */
  readonly broadcast: (channel: string, data: unknown) => Promise<void>;
  /** Fires shortly before the invocation's time is up. */
  readonly signal: AbortSignal;
  readonly idempotency: Idempotency;
  /** Keys with JSON values in the app's own database; each call is atomic, and no part of a transaction. */
  readonly kv: KeyValues;
  /**
   * Calls another function of the app in process, as the same identity, and resolves with its response, whatever its
   * status. Numbers, booleans, arrays and plain objects are sent as JSON, other bodies as `fetch` sends them.
   */
  readonly invoke: (name: string, body?: InvokeBody, options?: InvokeOptions) => Promise<Response>;
  /**
   * Stores a job for a function of the app, which runs with `payload` as its JSON body. Within `ctx.db.tx` it is committed
   * with the transaction. Resolves with the job, or with the open one that has the same `key`.
   */
  readonly enqueue: Enqueue;
  /** The app's buckets, which its S3 endpoint shows as well. */
  readonly storage: Storage;
  /** Keeps the invocation alive after its response until `promise` settles, 30 seconds at most. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

/** `ctx.kv`. A key has 1 to 512 bytes, a value at most 256 KiB of JSON. */
export interface KeyValues {
  /** A key's value, or null. */
  readonly get: <T = unknown>(key: string) => Promise<T | null>;
  /** Gives a key a value, for `ttl` seconds, or for good. */
  readonly set: (key: string, value: unknown, options?: { readonly ttl?: number }) => Promise<void>;
  /** Forgets a key; whether it had a value. */
  readonly delete: (key: string) => Promise<boolean>;
  /** Adds a whole number, 1 unless it is given, to a key's; the sum. A key without one begins at 0, for `ttl` seconds. */
  readonly increment: (key: string, by?: number, options?: { readonly ttl?: number }) => Promise<number>;
  /** Keys in their order, 1000 at most; `next` is what to give as `after` for those that follow, or null. */
  readonly list: (options?: { readonly prefix?: string; readonly after?: string; readonly limit?: number }) => Promise<{ keys: string[]; next: string | null }>;
  readonly del: (key: string) => Promise<boolean>;
  readonly incr: (key: string, by?: number, options?: { readonly ttl?: number }) => Promise<number>;
  readonly decr: (key: string, by?: number, options?: { readonly ttl?: number }) => Promise<number>;
}

/** What started the function. */
export type Trigger = { readonly type: "http" } | CronTrigger | UploadTrigger | WebsocketTrigger | WebhookTrigger | SiblingTrigger | QueueTrigger | AgentToolTrigger | RunTrigger;

export interface CronTrigger {
  readonly type: "cron";
  readonly schedule: string;
  readonly timezone: string;
  readonly scheduledAt: string;
  readonly firedAt: string;
  /** 1, 2, ... */
  readonly attempt: number;
  /** Asked for beside the schedule. */
  readonly manual: boolean;
}

export interface WebhookTrigger {
  readonly type: "webhook";
  readonly provider:
    | "stripe"
    | "github"
    | "slack"
    | "twilio"
    | "discord"
    | "telegram"
    | "shopify"
    | "standard"
    | "custom";
  /** The same for every attempt. */
  readonly deliveryId: string;
  /** The provider's own id of the delivery, where it has one. */
  readonly providerId: string | null;
  /** 1, 2, ... */
  readonly attempt: number;
  readonly receivedAt: string;
  /** Asked for after it had ended. */
  readonly replay: boolean;
}

/** An object that was written. The request's body is the S3 event notification with its record. */
export interface UploadTrigger {
  readonly type: "s3_upload";
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly contentType: string | null;
  /** The version of the object; of another server's object, what that server tells versions apart by. */
  readonly versionId: string;
  /** The same for every attempt. */
  readonly uploadId: string;
  /** 1, 2, ... */
  readonly attempt: number;
  readonly createdAt: string;
  /** Asked for after it had ended. */
  readonly replay: boolean;
}

/** The app's buckets. Bodies stream both ways: an object may be larger than the sandbox. */
export interface Storage {
  /**
   * An object as a response: its bytes, and `content-type`, `content-length`, `etag`, `last-modified` and `x-amz-meta-...` as
   * headers. Null where there is none; status 304 where it is what `ifNoneMatch` names.
   */
  readonly get: (bucket: string, key: string, options?: StorageGetOptions) => Promise<Response | null>;
  /** Writes an object. When this resolves it can be read, and the functions that ask for it start. */
  readonly put: (bucket: string, key: string, body: BodyInit | null, options?: StoragePutOptions) => Promise<StoredObject>;
  /** Deletes objects, 1,000 at most. What is not there is fine. */
  readonly delete: (bucket: string, keys: string | readonly string[]) => Promise<void>;
  readonly list: (bucket: string, options?: StorageListOptions) => Promise<StorageList>;
  /** A URL with which the object is read, or written, without a key. */
  readonly presign: (bucket: string, key: string, options?: StoragePresignOptions) => Promise<string>;
}

export interface StorageGetOptions {
  /** Such as `bytes=0-99` or `bytes=-100`. */
  readonly range?: string;
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  readonly signal?: AbortSignal;
}

export interface StoragePutOptions {
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** An ETag, or `*`: only where the present object has it. */
  readonly ifMatch?: string;
  /** `*`: only where there is none. */
  readonly ifNoneMatch?: string;
  /** `cache-control`, `content-disposition`, `content-encoding`, `content-language` and `expires` are kept with the object. */
  readonly headers?: HeadersInit;
  readonly signal?: AbortSignal;
}

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly versionId: string;
}

export interface StorageListOptions {
  readonly prefix?: string;
  readonly delimiter?: string;
  /** `next_cursor` of the page before. */
  readonly cursor?: string;
  /** 1,000 at most. */
  readonly limit?: number;
}

export interface StorageList {
  readonly objects: readonly {
    readonly key: string;
    readonly size: number;
    readonly etag: string;
    readonly content_type: string | null;
    readonly modified_at: string;
  }[];
  readonly prefixes: readonly string[];
  readonly next_cursor: string | null;
}

export interface StoragePresignOptions {
  /** `GET` where nothing is said. */
  readonly method?: "GET" | "PUT" | "HEAD" | "DELETE";
  /** An hour where nothing is said, a week at most. */
  readonly expiresSeconds?: number;
  /** What a `PUT` has to have. */
  readonly contentType?: string;
}

/** A frame of a client's socket. */
export interface WebsocketTrigger {
  readonly type: "websocket";
  /** Null of a binary frame. */
  readonly event: string | null;
  readonly socketId: string;
  readonly binary: boolean;
}

/** Another function of the app called, by `ctx.invoke`. */
export interface SiblingTrigger {
  readonly type: "sibling";
  readonly function: string;
  readonly invocationId: string;
  /** 1 for a function that an outside trigger's function called. */
  readonly depth: number;
}

/** An agent called the function as a tool; the request's body is the arguments. */
export interface AgentToolTrigger {
  readonly type: "agent_tool";
  /** The function's name. */
  readonly tool: string;
  readonly mode: "read_only" | "read_write";
}

/** Code that runs once. */
export interface RunTrigger {
  readonly type: "run";
  readonly input: unknown;
}

/** A job of the function's queue, stored by `ctx.enqueue`. */
export interface QueueTrigger {
  readonly type: "queue";
  readonly jobId: string;
  readonly key: string | null;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly attempts: number;
  /** Larger with every start of the job: what a later one has written is not to be written over. */
  readonly fence: number;
  readonly enqueuedAt: string;
}

export type Enqueue = (name: string, payload?: unknown, options?: EnqueueOptions) => Promise<{ readonly id: string; readonly duplicate: boolean }>;

export interface EnqueueOptions {
  /** Seconds until it may start, a year at most. */
  readonly delay?: number;
  /** When it may start; excludes `delay`. */
  readonly at?: Date | string | number;
  /** How often it is started at most, 1 to 100; 5 where nothing is said. */
  readonly attempts?: number;
  /** Seconds between the first and the second attempt, twice as long each time, an hour at most; 10 where nothing is said. */
  readonly backoff?: number;
  /** While a job of the function with this key waits or runs, there is no second one: 1 to 255 characters. */
  readonly key?: string;
}

export type InvokeBody = BodyInit | null | number | boolean | readonly unknown[] | { readonly [key: string]: unknown };

export interface InvokeOptions {
  /** `POST` where nothing is said. */
  readonly method?: string;
  readonly headers?: HeadersInit;
  /** What follows the function's URL; begins with `/` or `?`. */
  readonly path?: string;
  readonly signal?: AbortSignal;
}

/** A client's socket. It outlives the invocation. */
export interface Socket {
  /** The same for as long as the socket is open. */
  readonly id: string;
  /** Sends the client `{ type: "message", data }`, or bytes as they are. */
  readonly send: (data: unknown) => Promise<void>;
  /** Closes the socket: 1000, or 3000 to 4999. */
  readonly close: (code?: number, reason?: string) => Promise<void>;
  /** Lets the client get the messages of a channel; private ones, too. */
  readonly subscribe: (channel: string) => Promise<void>;
  readonly unsubscribe: (channel: string) => Promise<void>;
}

export interface User {
  readonly id: string;
  readonly claims?: Readonly<Record<string, unknown>>;
}

export interface Caller {
  readonly type: "service_key" | "end_user_jwt" | "loopback" | "anonymous" | "trigger";
  readonly keyId: string | null;
  readonly scope: string | null;
  readonly userId: string | null;
}

/** What may be `$1`, `$2`, ... of a statement. Arrays become PostgreSQL arrays, other objects JSON. */
export type Parameter =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | ArrayBuffer
  | readonly Parameter[]
  | { readonly [key: string]: unknown };

export interface Result<Row> {
  readonly rows: Row[];
  /** Rows returned or affected; null for statements that count none. */
  readonly rowCount: number | null;
  readonly fields: { readonly name: string; readonly type: string }[];
}

export interface QueryOptions {
  /** How `int8` arrives where a number cannot hold it exactly; by default a number where it can, else a string. */
  readonly bigint?: "string" | "bigint";
  /** `"array"`: a row is an array of its columns' values, two columns of one name among them. */
  readonly rowMode?: "array";
}

export interface StreamOptions extends QueryOptions {
  /** How many rows are read at once, 1 to 10,000; 500 where nothing is said. */
  readonly batchSize?: number;
}

export interface Query {
  <Row = Record<string, unknown>>(
    sql: string,
    params?: readonly Parameter[] | null,
    options?: QueryOptions,
  ): Promise<Result<Row>>;
}

/** Runs a template's text as one statement, with its values as parameters: none is ever put into the text. */
export interface SqlTag {
  <Row = Record<string, unknown>>(strings: TemplateStringsArray, ...values: readonly Parameter[]): Promise<Result<Row>>;
}

/** Rows as they are asked for, for results too large to hold. The statement runs when iteration begins. */
export interface Stream {
  <Row = Record<string, unknown>>(
    sql: string,
    params?: readonly Parameter[] | null,
    options?: StreamOptions,
  ): AsyncIterable<Row>;
}

/** Where statements go: `ctx.db`, a transaction, or the database under another identity. */
export interface Queryable {
  /** Runs one statement: SELECT, INSERT, UPDATE, DELETE, MERGE, WITH, VALUES, TABLE or EXPLAIN. */
  readonly query: Query;
  /** Runs a template as a statement: ``ctx.db.sql`select * from notes where id = ${id}` ``. */
  readonly sql: SqlTag;
  /** Rows as they are asked for: `for await (const row of ctx.db.stream("select ..."))`. Outside a transaction it only reads. */
  readonly stream: Stream;
  /**
   * Runs `work` in a transaction: committed when it resolves, rolled back when it throws. Within a transaction it is a
   * savepoint: undone alone, kept only with the outer one, which cannot be used before this one has ended.
   */
  readonly tx: <T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions) => Promise<T>;
}

export interface Transaction extends Queryable {
  /** `ctx.enqueue` into this transaction. */
  readonly enqueue: Enqueue;
}

export interface Database extends Queryable {
  /** Gives `work` the database as this end user (impersonation). For the service role alone; otherwise `AUTH_IMPERSONATION_FORBIDDEN`. */
  readonly asUser: <T>(id: string, work: (db: Queryable) => Promise<T>) => Promise<T>;
  /** Gives `work` the database as the anonymous role, likewise. */
  readonly asAnon: <T>(work: (db: Queryable) => Promise<T>) => Promise<T>;
}

/** Options of the outermost transaction. */
export interface TransactionOptions {
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
  readonly readOnly?: boolean;
}

/** An error of PostgreSQL's, or of the host: `code` is an SQLSTATE or one of the platform's codes. */
export interface DatabaseError extends Error {
  readonly code: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
  readonly constraint?: string;
}

export interface ClaimOptions {
  /** A namespace of keys, `default` where nothing is said. */
  readonly scope?: string;
  /** After how many seconds the key is free again; never, where nothing is said. */
  readonly ttlSeconds?: number;
}

export interface Idempotency {
  /** True for the first claim of `key` in `scope`, false for every later one, until `ttlSeconds` have passed. */
  readonly claim: (key: string, options?: ClaimOptions) => Promise<boolean>;
  /**
   * Does `work` once: the key, what `work` does in its transaction, and its result are committed together, and every
   * later call gets that result. It is kept as JSON, 256 KiB at most, and every call gets what JSON makes of it. When `work`
   * throws, nothing is kept. A concurrent call with the same key waits.
   */
  readonly run: <T>(key: string, options: ClaimOptions | null | undefined, work: (tx: Transaction) => Promise<T>) => Promise<T>;
}
