// ctx.idempotency: atomic claims, so that work done once stays done once.

import { host } from "./host.js";
import { NumberIsFinite, ObjectFreeze, rejected } from "./primordials.js";

const MAX_TTL_SECONDS = 0x7fffffff;

export const idempotency = ObjectFreeze({
  claim(key, options) {
    if (typeof key !== "string" || key.length < 1 || key.length > 255) {
      return rejected(new TypeError("ctx.idempotency.claim(key): the key is a string of 1 to 255 characters"));
    }
    const scope = options?.scope ?? "default";
    if (typeof scope !== "string" || scope.length < 1 || scope.length > 255) {
      return rejected(new TypeError("ctx.idempotency.claim(key): the scope is a string of 1 to 255 characters"));
    }
    const ttl = options?.ttlSeconds;
    if (ttl !== undefined && !NumberIsFinite(ttl)) {
      return rejected(new TypeError("ctx.idempotency.claim(key): ttlSeconds is a number"));
    }
    const seconds = ttl === undefined || ttl < 1 ? 0 : ttl > MAX_TTL_SECONDS ? MAX_TTL_SECONDS : ttl >>> 0;
    try {
      return host.claim(key, scope, seconds);
    } catch (error) {
      return rejected(error);
    }
  },
});
