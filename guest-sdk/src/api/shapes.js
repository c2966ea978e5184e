// The shapes in which people bring their functions: what of a module's exports is the handler, and what to write where none is.

import { context } from "./context.js";
import { Event } from "./events.js";
import { dispatchTrusted, hasListener } from "./events_target.js";
import { host } from "./host.js";
import {
  ArrayPush,
  following,
  JSONParse,
  ObjectCreate,
  ObjectGetOwnPropertyDescriptor,
  ObjectHasOwn,
  ObjectKeys,
  ReflectOwnKeys,
} from "./primordials.js";
import { Response } from "./response.js";
import { waitUntil } from "./wait_until.js";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

let served = null;

/** The handler that a module gives to `Deno.serve`. */
export function serve(handler) {
  if (served !== null) throw new TypeError("Deno.serve is called twice: a function has one handler");
  served = handler;
}

let variables = null;

/** The variables, as Cloudflare's `env` has them, with the members of `ctx`: whichever of the two an author means. */
function environment() {
  variables ??= JSONParse(host.env());
  return variables;
}

const env = new Proxy(
  {},
  {
    __proto__: null,
    get: (_, name) => (typeof name === "string" && ObjectHasOwn(environment(), name) ? variables[name] : context[name]),
    has: (_, name) => ObjectHasOwn(environment(), name) || name in context,
    ownKeys: () => ReflectOwnKeys(environment()),
    getOwnPropertyDescriptor(_, name) {
      const found = ObjectGetOwnPropertyDescriptor(environment(), name);
      return found === undefined ? undefined : { ...found, configurable: true };
    },
  },
);

/** `ctx` with what Cloudflare's has beside. */
const execution = ObjectCreate(context, {
  passThroughOnException: { value() {}, configurable: true },
  props: { value: {}, configurable: true },
});

function isClass(value) {
  return typeof value === "function" && ObjectGetOwnPropertyDescriptor(value, "prototype")?.writable === false;
}

function isExpress(value) {
  return typeof value?.listen === "function" && typeof value.use === "function" && typeof value.fetch !== "function";
}

/** One function for the exports `GET`, `POST`, ... */
function byMethod(namespace) {
  const methods = [];
  for (let i = 0; i < METHODS.length; i++) if (typeof namespace[METHODS[i]] === "function") ArrayPush(methods, METHODS[i]);
  if (methods.length === 0) return null;
  let allow = "";
  for (let i = 0; i < methods.length; i++) allow += i === 0 ? methods[i] : `, ${methods[i]}`;
  return (req, ctx) => {
    const { method } = req;
    const handler = namespace[method] ?? (method === "HEAD" ? namespace.GET : undefined);
    if (typeof handler === "function") return handler(req, ctx);
    return new Response(null, { __proto__: null, status: method === "OPTIONS" ? 204 : 405, headers: { allow } });
  };
}

class FetchEvent extends Event {
  #request;
  #answer = null;
  constructor(request) {
    super("fetch", { __proto__: null, cancelable: true });
    this.#request = request;
  }
  get request() {
    return this.#request;
  }
  get clientId() {
    return "";
  }
  respondWith(answer) {
    if (this.#answer !== null) throw new TypeError("respondWith is called twice");
    this.#answer = following(answer);
  }
  waitUntil(promise) {
    waitUntil(promise);
  }
  passThroughOnException() {}
  static answerOf(event) {
    return event.#answer;
  }
}

function byEvent(req) {
  const event = new FetchEvent(req);
  dispatchTrusted(globalThis, event);
  return FetchEvent.answerOf(event) ?? new Response("no listener answered", { __proto__: null, status: 500 });
}

/** Chooses the handler among a module's exports: `handler`, what `self` is in it, and its `args` beside the request; or `missing`, the reason why. */
export function choose(namespace) {
  const { handler: named, default: standard } = namespace;
  if (typeof named === "function") return refusal(named, "handler") ?? plain(named);
  const inner = typeof standard?.handler === "function" ? standard.handler : standard?.default;
  if (isExpress(standard)) return { __proto__: null, missing: EXPRESS };
  if (typeof standard === "function" && !isClass(standard)) return plain(standard);
  if ((typeof standard === "object" || isClass(standard)) && standard !== null && typeof standard.fetch === "function") {
    return { __proto__: null, handler: standard.fetch, self: standard, args: [env, execution] };
  }
  if (isClass(standard)) return refusal(standard, "the default export");
  if (typeof standard === "object" && standard !== null && typeof inner === "function") {
    return refusal(inner, "the default export's handler") ?? plain(inner);
  }
  const methods = byMethod(namespace) ?? (typeof standard === "object" && standard !== null ? byMethod(standard) : null);
  if (methods !== null) return plain(methods);
  if (served !== null) return plain(served);
  if (hasListener(globalThis, "fetch")) return plain(byEvent);
  return { __proto__: null, missing: missing(namespace) };
}

function plain(handler) {
  return { __proto__: null, handler, self: undefined, args: null };
}

const EXPRESS =
  "the default export is an application for Node's server (Express, Koa, ...), which answers no Request: Hono has the same shape and runs here";

function refusal(value, what) {
  return isClass(value)
    ? { __proto__: null, missing: `${what} is a class: export an async function, or an object with 'fetch' (export default new ${value.name || "It"}())` }
    : null;
}

function missing(namespace) {
  const names = ObjectKeys(namespace);
  const { default: standard } = namespace;
  if (typeof standard === "object" && standard !== null && typeof standard.scheduled === "function") {
    return "the default export has 'scheduled' and no 'fetch': a cron trigger calls the handler, so name it 'fetch'";
  }
  if (typeof standard === "object" && standard !== null && typeof standard.queue === "function") {
    return "the default export has 'queue' and no 'fetch': a job is a request with the payload as its body, so name it 'fetch'";
  }
  let listed = "";
  for (let i = 0; i < names.length; i++) listed += i === 0 ? names[i] : `, ${names[i]}`;
  return names.length === 0
    ? "the module exports nothing: export an async function called 'handler'"
    : `the module exports ${listed}, but no function called 'handler' and no default that is a function or has 'fetch'`;
}
