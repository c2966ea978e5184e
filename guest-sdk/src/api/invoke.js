// ctx.invoke: another function of the same app, run in process by the host as the same identity.

import { send } from "./fetch.js";
import { addHeader, headerOf, Headers } from "./headers.js";
import { host } from "./host.js";
import {
  ArrayIsArray,
  deferred,
  JSONStringify,
  ObjectGetPrototypeOf,
  RegExpTest,
  rejected,
  StringStartsWith,
} from "./primordials.js";
import { outgoing, Request } from "./request.js";

// The host knows calls of siblings by it.
const SCHEME = "mayfly-sibling:";
const NAME = /^[A-Za-z0-9_-]{1,100}$/;
const ObjectPrototype = Object.prototype;

/** What is sent as JSON: numbers, booleans, arrays and plain objects. The rest is a body as `fetch` takes it. */
function isJson(value) {
  if (typeof value !== "object") return typeof value === "number" || typeof value === "boolean";
  if (value === null) return false;
  const prototype = ObjectGetPrototypeOf(value);
  return prototype === ObjectPrototype || prototype === null || ArrayIsArray(value);
}

function request(name, body, { method = "POST", headers, path = "", signal }) {
  if (typeof name !== "string" || !RegExpTest(NAME, name)) {
    throw new TypeError("ctx.invoke(name, body, options): name is the name of a function");
  }
  if (typeof path !== "string" || (path !== "" && !StringStartsWith(path, "/") && !StringStartsWith(path, "?"))) {
    throw new TypeError("ctx.invoke(name, body, options): path begins with / or ?");
  }
  const json = isJson(body);
  const all = new Headers(headers);
  if (json && headerOf(all, "content-type") === null) addHeader(all, "content-type", "application/json");
  return new Request(`${SCHEME}${name}${path}`, {
    __proto__: null,
    method,
    headers: all,
    signal,
    body: json ? JSONStringify(body) : body,
    duplex: "half",
  });
}

/** Calls a sibling, and resolves with its response, whatever its status. */
export function invoke(name, body = undefined, options = undefined) {
  try {
    host.requireInvocation("ctx.invoke");
    const answer = deferred();
    send(outgoing(request(name, body, options ?? {})), answer);
    return answer.promise;
  } catch (error) {
    return rejected(error);
  }
}
