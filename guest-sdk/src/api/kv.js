// ctx.kv: keys with values in the app's own database. The host does each operation in one statement, which is atomic.

import { host } from "./host.js";
import { JSONParse, JSONStringify, NumberIsFinite, NumberIsInteger, ObjectFreeze, rejected, uponPromise } from "./primordials.js";

const GET = 0;
const SET = 1;
const DELETE = 2;
const INCREMENT = 3;
const LIST = 4;
const TTL_MAX = 31_622_400;
const LIST_MAX = 1000;

const fromText = (text) => (text === "" ? null : JSONParse(text));

function keyOf(key) {
  if (typeof key !== "string" || key === "") throw new TypeError("a key of ctx.kv is a string that is not empty");
  return key;
}

function secondsOf(options) {
  const ttl = options?.ttl ?? options?.expirationTtl;
  if (ttl === undefined || ttl === null) return 0;
  if (!NumberIsFinite(ttl) || ttl < 1 || ttl > TTL_MAX) throw new TypeError(`ttl is a number of seconds from 1 to ${TTL_MAX}`);
  return ttl - (ttl % 1);
}

function asked(verb, make, finish) {
  try {
    const [key, value, number] = make();
    return uponPromise(host.keyValue(verb, key, value, number), finish);
  } catch (error) {
    return rejected(error);
  }
}

function increment(key, by = 1, options = undefined) {
  return asked(
    INCREMENT,
    () => {
      if (!NumberIsInteger(by)) throw new TypeError("ctx.kv.increment adds a whole number");
      return [keyOf(key), `${by}`, secondsOf(options)];
    },
    fromText,
  );
}

function forget(key) {
  return asked(DELETE, () => [keyOf(key), "", 0], (text) => text === "true");
}

export const kv = ObjectFreeze({
  get(key) {
    return asked(GET, () => [keyOf(key), "", 0], fromText);
  },
  set(key, value, options = undefined) {
    return asked(
      SET,
      () => {
        const text = JSONStringify(value);
        if (text === undefined) throw new TypeError("a value of ctx.kv is JSON");
        return [keyOf(key), text, secondsOf(options)];
      },
      () => undefined,
    );
  },
  delete: forget,
  del: forget,
  increment,
  incr: increment,
  decr: (key, by = 1, options = undefined) => increment(key, -by, options),
  list(options = undefined) {
    return asked(
      LIST,
      () => {
        const { prefix = "", after = "", limit = LIST_MAX } = options ?? {};
        if (!NumberIsInteger(limit) || limit < 1 || limit > LIST_MAX) throw new TypeError(`limit is a whole number from 1 to ${LIST_MAX}`);
        return [`${prefix}`, `${after}`, limit];
      },
      JSONParse,
    );
  },
});
