// Which modules there are, and what each of them exports.

import { isArrayBuffer } from "../api/primordials.js";
import * as assert from "./assert.js";
import * as async_hooks from "./async_hooks.js";
import * as buffer from "./buffer.js";
import * as crypto from "./crypto.js";
import * as crypto_hash from "./crypto_hash.js";
import * as crypto_keys from "./crypto_keys.js";
import * as crypto_random from "./crypto_random.js";
import * as events from "./events.js";
import * as events_await from "./events_await.js";
import * as path from "./path.js";
import * as querystring from "./querystring.js";
import * as string_decoder from "./string_decoder.js";
import * as types from "./types.js";
import * as url from "./url.js";
import * as url_legacy from "./url_legacy.js";
import * as util from "./util.js";

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

export const modules = {
  __proto__: null,
  "node:assert": module({ ...without(assert, "assert"), strict }, assertion),
  "node:assert/strict": module({ ...strict }, strict),
  "node:async_hooks": module(async_hooks),
  "node:buffer": module(without(buffer, "bufferOver")),
  "node:crypto": module({
    ...crypto,
    ...without(crypto_hash, "hashNamed", "encoded"),
    ...crypto_keys,
    ...without(crypto_random, "later"),
  }),
  "node:events": module({ ...without(events, "listensTo"), ...events_await }, events.EventEmitter),
  "node:path": module({ ...path.paths }, path.paths),
  "node:path/posix": module({ ...path.paths }, path.paths),
  "node:path/win32": module({ ...path.paths.win32 }, path.paths.win32),
  "node:querystring": module({ ...query }, query),
  "node:string_decoder": module(string_decoder),
  "node:url": module(urls),
  "node:util": module(utilities),
  "node:util/types": module(utilTypes),
};
