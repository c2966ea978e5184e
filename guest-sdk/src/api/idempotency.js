// ctx.idempotency: atomic claims, so that work done once stays done once.

import { inTransaction } from "./database.js";
import { host } from "./host.js";
import { JSONParse, JSONStringify, NumberIsFinite, ObjectFreeze, rejected } from "./primordials.js";

const MAX_TTL_SECONDS = 0x7fffffff;

function isName(value) {
  return typeof value === "string" && value.length >= 1 && value.length <= 255;
}

/** The arguments as the host takes them, checked. */
function check(call, key, options) {
  const scope = options?.scope ?? "default";
  const ttl = options?.ttlSeconds;
  if (!isName(key)) throw new TypeError(`${call}: the key is a string of 1 to 255 characters`);
  if (!isName(scope)) throw new TypeError(`${call}: the scope is a string of 1 to 255 characters`);
  if (ttl !== undefined && !NumberIsFinite(ttl)) throw new TypeError(`${call}: ttlSeconds is a number`);
  return { scope, seconds: ttl === undefined || ttl < 1 ? 0 : ttl > MAX_TTL_SECONDS ? MAX_TTL_SECONDS : ttl >>> 0 };
}

/** A result as it is kept: JSON, and nothing for `undefined`. */
const toText = (value) => JSONStringify(value) ?? "";
const fromText = (text) => (text === "" ? undefined : JSONParse(text));

export const idempotency = ObjectFreeze({
  claim(key, options) {
    try {
      const { scope, seconds } = check("ctx.idempotency.claim(key)", key, options);
      return host.claim(key, scope, seconds);
    } catch (error) {
      return rejected(error);
    }
  },

  async run(key, options, work) {
    const { scope, seconds } = check("ctx.idempotency.run(key, options, work)", key, options);
    if (typeof work !== "function") throw new TypeError("ctx.idempotency.run(key, options, work): work is a function");
    const { transaction, result } = await host.idempotencyBegin(key, scope, seconds);
    if (transaction === 0) return fromText(result);
    const textOf = async (tx) => toText(await work(tx));
    // The first one gets what the others will get: the result as it was kept.
    return inTransaction(transaction, null, textOf, async (text) => {
      await host.idempotencyFinish(transaction, text);
      return fromText(text);
    });
  },
});
