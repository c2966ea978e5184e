// Code that runs once: what its body returns becomes the response, and `tools` are what it may call.

import { send } from "./fetch.js";
import { host } from "./host.js";
import {
  deferred,
  JSONStringify,
  ObjectDefineProperty,
  ReflectApply,
  rejected,
  uponPromise,
} from "./primordials.js";
import { outgoing, Request } from "./request.js";
import { Response } from "./response.js";

// The host knows calls of tools by it.
const SCHEME = "mayfly-tool:";
/** What the compiler calls the body of code that exports nothing. */
const BODY = "__body";

const encode = encodeURIComponent;
const { json: responseJson } = Response;
const readJson = Response.prototype.json;

/** Settles `outcome` with what a tool has answered, or with an error of what it says, whose stack are those who wait for it. */
function settle(outcome, name, response) {
  const { ok } = response;
  uponPromise(
    ReflectApply(readJson, response, []),
    (told) => {
      if (ok) return outcome.resolve(told.result);
      const error = new Error(`tools.${name}: ${told.message}`);
      error.stack = host.waitingStack(outcome.promise);
      error.code = told.code;
      error.details = told.details;
      outcome.reject(error);
    },
    outcome.reject,
  );
}

/** A function that calls a tool: one of the app's, or of another MCP server. */
function caller(name, path) {
  return (args = {}) => {
    try {
      host.requireInvocation(`tools.${name}`);
      const answer = deferred();
      const outcome = deferred();
      send(outgoing(new Request(`${SCHEME}${path}`, { __proto__: null, method: "POST", body: JSONStringify(args) })), answer);
      uponPromise(answer.promise, (response) => settle(outcome, name, response), outcome.reject);
      return outcome.promise;
    } catch (error) {
      return rejected(error);
    }
  };
}

/** An object whose members are made when they are asked for. Nothing waits for it: it has no `then`. */
function members(target, make) {
  return new Proxy(target, {
    __proto__: null,
    get: (_, name) => (typeof name === "string" && name !== "then" ? make(name) : undefined),
  });
}

/** Each member is a tool of the app's, and has those of the other MCP server of its name as members. */
const tools = members({ __proto__: null }, (name) =>
  members(caller(name, encode(name)), (tool) => caller(`${name}.${tool}`, `${encode(name)}/${encode(tool)}`)),
);

function responseOf(value) {
  if (value instanceof Response) return value;
  return value === undefined ? new Response(null, { __proto__: null, status: 204 }) : responseJson(value);
}

/** The handler of code that exports nothing, and `tools`, which any has. */
export function script(namespace) {
  ObjectDefineProperty(globalThis, "tools", { __proto__: null, value: tools, writable: true, enumerable: true, configurable: true });
  const body = namespace[BODY];
  if (typeof body !== "function") return null;
  return [(req, ctx) => uponPromise(body(req, ctx, ctx.trigger.input)(), responseOf), undefined, null];
}
