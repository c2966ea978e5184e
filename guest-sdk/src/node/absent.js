// What Node has and a sandbox has not: it can be imported and passed around, and says what to use instead once it is called.

import { StringStartsWith } from "../api/primordials.js";
import { failure } from "./errors.js";

const INSTEAD = {
  __proto__: null,
  "node:fs": "there are no files: ctx.storage keeps objects, ctx.db rows, and an import with { type: \"text\" } brings a text",
  "node:net": "there are no sockets: use fetch, or ctx.db for PostgreSQL",
  "node:tls": "there are no sockets: use fetch",
  "node:http": "requests come to the handler, and fetch sends them",
  "node:http2": "requests come to the handler, and fetch sends them",
  "node:dgram": "there are no sockets: use fetch",
  "node:dns": "names are looked up by fetch",
  "node:child_process": "there are no processes: ctx.invoke calls another function",
  "node:cluster": "there are no processes",
  "node:worker_threads": "there are no threads: ctx.invoke calls another function, ctx.enqueue starts a job",
  "node:vm": "no code is made at run time",
  "node:wasi": "there is no WebAssembly",
  "node:sqlite": "use ctx.db",
};

function reason(module) {
  for (const name in INSTEAD) {
    if (module === name || StringStartsWith(module, `${name}/`)) return INSTEAD[name];
  }
  return "a function has nothing like it";
}

// Asked of anything by the language and by bundlers.
const NOT_MEMBERS = { __proto__: null, then: true, toJSON: true, __esModule: true, default: true, prototype: true, $$typeof: true };

/** A function that throws, and so does whatever is in it. */
export function absent(module, path) {
  const stub = function () {
    throw failure("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", `${path} of ${module} is not available in a function: ${reason(module)}`);
  };
  return new Proxy(stub, {
    __proto__: null,
    get(target, name, receiver) {
      if (typeof name === "symbol" || name in target || NOT_MEMBERS[name]) return Reflect.get(target, name, receiver);
      return absent(module, `${path}.${name}`);
    },
  });
}

/** A module that has these members, and says of every other that it is not available. */
export function standIn(module, members) {
  const others = new Proxy(
    {},
    {
      __proto__: null,
      get(target, name, receiver) {
        if (typeof name === "symbol" || name in target || NOT_MEMBERS[name]) return Reflect.get(target, name, receiver);
        return absent(module, name);
      },
    },
  );
  return Object.assign(Object.create(others), members);
}
