// Key derivation: HKDF and PBKDF2.

import { Computations, compute, computeLater, Hashes } from "./compute.js";
import { makeKey } from "./crypto_key.js";
import { checkUsages, copyOf, fail } from "./crypto_values.js";

const USAGES = ["deriveKey", "deriveBits"];

function bytesOf(bits) {
  if (bits === null || bits % 8 !== 0) fail("OperationError", "the length is a number of bits, eight at a time");
  return bits / 8;
}

function derivation(name, deriveBits) {
  return {
    __proto__: null,
    importKey(format, data, params, extractable, usages) {
      if (format !== "raw") fail("NotSupportedError", `${name} keys do not come as ${format}`);
      checkUsages(usages, USAGES);
      if (extractable) fail("SyntaxError", `${name} keys cannot be extractable`);
      return makeKey("secret", false, { __proto__: null, name }, usages, copyOf(data));
    },
    keyLength: () => null,
    deriveBits,
  };
}

export const Hkdf = derivation("HKDF", (params, slots, bits, done) => {
  const { hash, salt, info } = params;
  done(compute(Computations.Hkdf, Hashes[hash], slots.bytes, salt, info, bytesOf(bits)));
});

// Up to this many iterations are computed synchronously; more are, while the invocation goes on.
const ITERATIONS_AT_ONCE = 2_000;

export const Pbkdf2 = derivation("PBKDF2", (params, slots, bits, done, failed) => {
  const { hash, salt, iterations } = params;
  const length = bytesOf(bits);
  if (iterations === 0) fail("OperationError", "PBKDF2 needs at least one iteration");
  if (iterations <= ITERATIONS_AT_ONCE || length === 0) {
    done(compute(Computations.Pbkdf2, Hashes[hash], slots.bytes, salt, iterations, length));
    return;
  }
  computeLater(done, failed, Computations.Pbkdf2, Hashes[hash], slots.bytes, salt, iterations, length);
});
