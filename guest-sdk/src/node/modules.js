// Which modules there are, and what each of them exports.

import { isArrayBuffer, StringSplit, StringStartsWith } from "../api/primordials.js";
import { absent, standIn } from "./absent.js";
import * as assert from "./assert.js";
import * as async_hooks from "./async_hooks.js";
import * as bcrypt from "./bcrypt.js";
import * as buffer from "./buffer.js";
import * as caches from "./caches.js";
import * as crypto from "./crypto.js";
import * as crypto_cipher from "./crypto_cipher.js";
import * as crypto_hash from "./crypto_hash.js";
import * as crypto_keys from "./crypto_keys.js";
import * as crypto_objects from "./crypto_objects.js";
import * as crypto_random from "./crypto_random.js";
import * as crypto_sign from "./crypto_sign.js";
import * as deno from "./deno.js";
import * as diagnostics_channel from "./diagnostics_channel.js";
import { failure, typeFailure } from "./errors.js";
import * as event_source from "./event_source.js";
import * as events from "./events.js";
import * as events_await from "./events_await.js";
import * as http from "./http.js";
import * as os from "./os.js";
import * as others from "./others.js";
import * as path from "./path.js";
import * as globals from "./process.js";
import * as querystring from "./querystring.js";
import * as stream from "./stream.js";
import * as string_decoder from "./string_decoder.js";
import * as timers from "./timers.js";
import * as types from "./types.js";
import * as url from "./url.js";
import * as url_legacy from "./url_legacy.js";
import * as util from "./util.js";
import * as websocket from "./websocket.js";
import * as zlib from "./zlib.js";

/** Named exports, and by default what `require` gives in Node: an object of them all, or a function. */
function module(names, standard) {
  const all = Object.assign(standard ?? {}, standard === undefined ? names : undefined);
  return { __proto__: null, ...names, default: all };
}

function without(names, ...hidden) {
  const rest = { ...names };
  for (const name of hidden) delete rest[name];
  return rest;
}

const { assert: assertion, strict } = assert;
const { module: query } = querystring;
const utilTypes = { ...types, isArrayBuffer };
const utilities = { ...util, types: utilTypes };
const urls = { ...url, ...without(url_legacy, "formatLegacy") };

const builtins = { isBuiltin: (name) => made(name) !== undefined, builtinModules: [], Module: absent("node:module", "Module") };

/** How each is made, when it is first imported. */
const makers = {
  __proto__: null,
  "node:assert": () => module({ ...without(assert, "assert"), strict }, assertion),
  "node:assert/strict": () => module({ ...strict }, strict),
  "node:async_hooks": () => module(async_hooks),
  "node:buffer": () => module(without(buffer, "bufferOver")),
  "node:crypto": () =>
    module({
      ...crypto,
      ...without(crypto_hash, "hashNamed", "encoded"),
      ...crypto_keys,
      ...without(crypto_random, "later"),
      ...without(crypto_objects(), "partsOf", "pairOf", "secretOf"),
      ...crypto_sign(),
      ...crypto_cipher(),
      createHmac: (name, key) => crypto_hash.createHmac(name, crypto_objects().secretOf(key, "key")),
    }),
  // In place of the packages bcrypt and bcryptjs: bundlers are told so.
  "mayfly:bcrypt": () => module({ ...bcrypt() }),
  // For the server alone: it puts this import into functions that are written for Deno.
  "node:deno": () => ({ __proto__: null, default: deno().Deno }),
  "node:diagnostics_channel": () => module({ ...diagnostics_channel() }),
  "node:events": () => module({ ...without(events, "listensTo"), ...events_await }, events.EventEmitter),
  "node:http": () => module({ ...http().http }),
  "node:https": () => module({ ...http().https }),
  "node:module": () => {
    const createRequire = () => require;
    const names = { ...builtins, createRequire };
    return module(names, Object.assign(function Module() {}, names));
  },
  "node:os": () => module({ ...os() }),
  "node:path": () => module({ ...path.paths }, path.paths),
  "node:path/posix": () => module({ ...path.paths }, path.paths),
  "node:path/win32": () => module({ ...path.paths.win32 }, path.paths.win32),
  "node:punycode": () => module({ ...stream().punycode }),
  "node:querystring": () => module({ ...query }, query),
  "node:stream": () => module({ ...stream().stream }, stream().stream),
  "node:stream/consumers": () => module({ ...stream().consumers }),
  "node:stream/promises": () => module({ ...stream().stream.promises }),
  "node:stream/web": () => module({ ...stream().web }),
  "node:string_decoder": () => module(string_decoder),
  "node:sys": () => module(utilities),
  "node:timers": () => module({ ...timers().timers, promises: timers().promised }),
  "node:timers/promises": () => module({ ...timers().promised }),
  "node:url": () => module(urls),
  "node:util": () => module(utilities),
  "node:util/types": () => module(utilTypes),
  "node:zlib": () => module({ ...zlib().zlib }),
};

const known = { __proto__: null };

function made(name) {
  const whole = StringStartsWith(name, "node:") || StringStartsWith(name, "mayfly:") ? name : `node:${name}`;
  if (known[whole] !== undefined) return known[whole];
  if (makers[whole] !== undefined) known[whole] = makers[whole]();
  else if (others().others[whole] !== undefined) known[whole] = asModule(others().others[whole]());
  else if (ABSENT[whole]) known[whole] = asModule(standIn(whole, {}));
  return known[whole];
}

function asModule(members) {
  const exports = { __proto__: null };
  for (const name in members) if (members[name] !== undefined) exports[name] = members[name];
  exports.default = members;
  return exports;
}

const ABSENT = { __proto__: null };
for (const name of [
  "child_process", "dgram", "dns", "dns/promises", "fs/promises", "http2", "inspector/promises", "readline", "readline/promises",
  "repl", "sqlite", "test", "tls", "trace_events", "vm", "wasi",
]) {
  ABSENT[`node:${name}`] = true;
}

function require(name) {
  const found = made(`${name}`);
  if (found !== undefined) return found.default;
  throw failure("MODULE_NOT_FOUND", `Cannot find module '${name}': what is asked for at run time is not in a function's bundle`);
}

/** The exports of a module, `NAME` or `NAME?NAMES`: what is asked for and it has not, throws when it is called. */
export function find(specifier) {
  const [name, names] = StringSplit(specifier, "?");
  const found = made(name);
  if (found === undefined) throw typeFailure("ERR_MODULE_NOT_FOUND", `'${name}' is none of Node's modules`);
  if (names === undefined) return found;
  const exports = { __proto__: null, ...found };
  for (const wanted of StringSplit(names, ",")) {
    if (!(wanted in exports)) exports[wanted] = found.default?.[wanted] ?? absent(name, wanted);
  }
  return exports;
}

/** Puts something on the global object that is made when it is first asked for. */
function lazily(name, make) {
  const put = (value) =>
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true });
  Object.defineProperty(globalThis, name, {
    get() {
      const value = make();
      put(value);
      return value;
    },
    set: put,
    enumerable: false,
    configurable: true,
  });
}

/** Puts on the global object what Node has there. */
export function exposeGlobals() {
  const values = { Buffer: buffer.Buffer, global: globalThis, process: globals().process };
  for (const name in values) {
    Object.defineProperty(globalThis, name, { value: values[name], writable: true, enumerable: false, configurable: true });
  }
  lazily("scheduler", () => timers().scheduler);
  lazily("EventSource", () => event_source().EventSource);
  lazily("caches", () => caches().caches);
  for (const name of ["CloseEvent", "WebSocket"]) lazily(name, () => websocket()[name]);
}
