// The options of a Request (mode, credentials, cache, ...): checked and kept, even those without effect on a server.

import { RegExpTest, StringToUpperCase } from "./primordials.js";
import { hrefOf } from "./url.js";

const STANDARD_METHODS = { __proto__: null, DELETE: 1, GET: 1, HEAD: 1, OPTIONS: 1, POST: 1, PUT: 1 };
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const set = (names) => {
  const all = { __proto__: null };
  for (const name of names) all[name] = true;
  return all;
};
const CHOICES = {
  __proto__: null,
  cache: set(["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"]),
  credentials: set(["omit", "same-origin", "include"]),
  mode: set(["same-origin", "no-cors", "cors", "navigate"]),
  redirect: set(["follow", "error", "manual"]),
  referrerPolicy: set([
    "",
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
  ]),
  priority: set(["high", "low", "auto"]),
  duplex: set(["half"]),
};

export function normalMethod(given) {
  if (!RegExpTest(METHOD, given)) throw new TypeError(`'${given}' is not a method`);
  const upper = StringToUpperCase(given);
  if (upper === "CONNECT" || upper === "TRACE" || upper === "TRACK") {
    throw new TypeError(`The method '${given}' is not allowed`);
  }
  return STANDARD_METHODS[upper] ? upper : given;
}

function choice(options, name) {
  const given = options[name];
  if (given === undefined) return undefined;
  const text = `${given}`;
  if (!CHOICES[name][text]) throw new TypeError(`'${text}' is no value of the option ${name}`);
  return text;
}

/** The options, each read once; `kept` are those that the request shows. */
export function convertOptions(init, inherited) {
  if (init === undefined || init === null) return { __proto__: null, kept: inherited };
  if (typeof init !== "object" && typeof init !== "function") throw new TypeError("The init must be an object");
  const { body } = init;
  const cache = choice(init, "cache");
  const credentials = choice(init, "credentials");
  const duplex = choice(init, "duplex");
  const { headers, integrity, keepalive, method } = init;
  const mode = choice(init, "mode");
  choice(init, "priority");
  const redirect = choice(init, "redirect");
  const { referrer } = init;
  const referrerPolicy = choice(init, "referrerPolicy");
  const { signal, window } = init;
  if (window !== undefined && window !== null) throw new TypeError("window can only be null");
  if (mode === "navigate") throw new TypeError("'navigate' is not a mode that a request is given");
  const kept = {
    __proto__: null,
    cache: cache ?? inherited.cache,
    credentials: credentials ?? inherited.credentials,
    integrity: integrity === undefined ? inherited.integrity : `${integrity}`,
    keepalive: keepalive === undefined ? inherited.keepalive : !!keepalive,
    mode: mode ?? inherited.mode,
    redirect: redirect ?? inherited.redirect,
    referrer: referrer === undefined ? inherited.referrer : referrerOf(`${referrer}`),
    referrerPolicy: referrerPolicy ?? inherited.referrerPolicy,
  };
  if (kept.cache === "only-if-cached" && kept.mode !== "same-origin") {
    throw new TypeError("'only-if-cached' needs the mode 'same-origin'");
  }
  return {
    __proto__: null,
    body,
    duplex,
    headers,
    method: method === undefined ? undefined : `${method}`,
    signal,
    kept,
  };
}

function referrerOf(text) {
  if (text === "" || text === "about:client") return text;
  return hrefOf(text);
}
