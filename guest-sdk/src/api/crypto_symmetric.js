// Symmetric keys: AES in its modes, and HMAC.

import { Computations, compute, Hashes, says } from "./compute.js";
import { hashState } from "./crypto_digest.js";
import { base64url, checkJwk, emptyJwk, jwkBytesOf } from "./crypto_jwk.js";
import { makeKey } from "./crypto_key.js";
import { bufferOf, checkUsages, copyOf, fail } from "./crypto_values.js";
import { host } from "./host.js";
import { TypedArrayByteLength, Uint8ArrayConstructor } from "./primordials.js";

const NOTHING = new Uint8ArrayConstructor(0);

function randomBytes(length) {
  const bytes = new Uint8ArrayConstructor(length);
  host.randomFill(bytes);
  return bytes;
}

function aesLength(bits) {
  if (bits !== 128 && bits !== 192 && bits !== 256) fail("OperationError", "an AES key has 128, 192 or 256 bits");
  return bits;
}

/** What all modes of AES have in common. */
function aes(name, suffix, allowed, more) {
  const keyOf = (bytes, extractable, usages) =>
    makeKey("secret", extractable, { __proto__: null, name, length: TypedArrayByteLength(bytes) * 8 }, usages, bytes);
  return {
    __proto__: null,
    generateKey(params, extractable, usages) {
      checkUsages(usages, allowed);
      return keyOf(randomBytes(aesLength(params.length) / 8), extractable, usages);
    },
    importKey(format, data, params, extractable, usages) {
      checkUsages(usages, allowed);
      if (format !== "raw" && format !== "jwk") fail("NotSupportedError", `AES keys do not come as ${format}`);
      const bytes = format === "raw" ? copyOf(data) : jwkBytesOf(data, "k");
      if (format === "jwk") checkJwk(data, { kty: "oct", use: "enc", extractable, usages });
      const bits = TypedArrayByteLength(bytes) * 8;
      if (bits !== 128 && bits !== 192 && bits !== 256) fail("DataError", "an AES key has 128, 192 or 256 bits");
      if (format === "jwk" && data.alg !== undefined && data.alg !== `A${bits}${suffix}`) {
        fail("DataError", "the key's alg is another one");
      }
      return keyOf(bytes, extractable, usages);
    },
    exportKey(format, slots) {
      if (format === "raw") return bufferOf(slots.bytes);
      if (format !== "jwk") fail("NotSupportedError", `AES keys are not written as ${format}`);
      const jwk = emptyJwk("oct", slots);
      jwk.k = base64url(slots.bytes);
      jwk.alg = `A${slots.algorithm.length}${suffix}`;
      return jwk;
    },
    keyLength: (params) => aesLength(params.length),
    ...more,
  };
}

const CIPHER = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];

function iv16(bytes) {
  if (TypedArrayByteLength(bytes) !== 16) fail("OperationError", "the initialization vector has 16 bytes");
  return bytes;
}

function gcm(computation) {
  return (params, slots, data) => {
    const bits = params.tagLength ?? 128;
    if (bits % 8 !== 0) fail("OperationError", "a tag has 32, 64, 96, 104, 112, 120 or 128 bits");
    return compute(computation, slots.bytes, params.iv, params.additionalData ?? NOTHING, bits / 8, data);
  };
}

function ctr(params, slots, data) {
  const { counter, length } = params;
  if (TypedArrayByteLength(counter) !== 16) fail("OperationError", "the counter block has 16 bytes");
  return compute(Computations.AesCtr, slots.bytes, counter, length, data);
}

export const AesGcm = aes("AES-GCM", "GCM", CIPHER, {
  encrypt: gcm(Computations.AesGcmEncrypt),
  decrypt: gcm(Computations.AesGcmDecrypt),
});
export const AesCbc = aes("AES-CBC", "CBC", CIPHER, {
  encrypt: (params, slots, data) => compute(Computations.AesCbcEncrypt, slots.bytes, iv16(params.iv), data),
  decrypt: (params, slots, data) => compute(Computations.AesCbcDecrypt, slots.bytes, iv16(params.iv), data),
});
export const AesCtr = aes("AES-CTR", "CTR", CIPHER, { encrypt: ctr, decrypt: ctr });
export const AesKw = aes("AES-KW", "KW", ["wrapKey", "unwrapKey"], {
  wrapKey: (params, slots, data) => compute(Computations.AesKwWrap, slots.bytes, data),
  unwrapKey: (params, slots, data) => compute(Computations.AesKwUnwrap, slots.bytes, data),
});

const BLOCK_BITS = { __proto__: null, "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };
const HMAC_NAMES = { __proto__: null, "SHA-1": "HS1", "SHA-256": "HS256", "SHA-384": "HS384", "SHA-512": "HS512" };
const HMAC_USAGES = ["sign", "verify"];
// Beyond it the data goes to the host piece by piece, so that it is not held twice.
const WHOLE_BYTES_MAX = 4 << 20;

function hmacKey(bytes, bits, hash, extractable, usages) {
  const algorithm = { __proto__: null, hash: { __proto__: null, name: hash }, length: bits, name: "HMAC" };
  return makeKey("secret", extractable, algorithm, usages, bytes);
}

function hmacBits(params, given) {
  const { length } = params;
  if (length === undefined) return given;
  if (length > given || length <= given - 8) fail("DataError", "the key has another length than the algorithm says");
  return length;
}

/** A key's length in bits need not be whole bytes: what is beyond it is zero. */
function withoutStrayBits(bytes, bits) {
  if (bits % 8 !== 0) bytes[TypedArrayByteLength(bytes) - 1] &= (0xff << (8 - (bits % 8))) & 0xff;
  return bytes;
}

function hmacSign(params, slots, data) {
  const hash = Hashes[slots.algorithm.hash.name];
  if (TypedArrayByteLength(data) <= WHOLE_BYTES_MAX) return compute(Computations.Hmac, hash, slots.bytes, data);
  const state = hashState(compute(Computations.HmacOpen, hash, slots.bytes));
  state.push(data);
  return state.finish();
}

export const Hmac = {
  __proto__: null,
  generateKey(params, extractable, usages) {
    checkUsages(usages, HMAC_USAGES);
    const bits = params.length ?? BLOCK_BITS[params.hash];
    if (bits === 0) fail("OperationError", "a key has at least one bit");
    const bytes = withoutStrayBits(randomBytes((bits + 7 - ((bits + 7) % 8)) / 8), bits);
    return hmacKey(bytes, bits, params.hash, extractable, usages);
  },
  importKey(format, data, params, extractable, usages) {
    checkUsages(usages, HMAC_USAGES);
    if (format !== "raw" && format !== "jwk") fail("NotSupportedError", `HMAC keys do not come as ${format}`);
    const bytes = format === "raw" ? copyOf(data) : jwkBytesOf(data, "k");
    if (format === "jwk") {
      checkJwk(data, { kty: "oct", use: "sig", extractable, usages });
      if (data.alg !== undefined && data.alg !== HMAC_NAMES[params.hash]) fail("DataError", "the key's alg is another one");
    }
    if (TypedArrayByteLength(bytes) === 0) fail("DataError", "the key is empty");
    const bits = hmacBits(params, TypedArrayByteLength(bytes) * 8);
    return hmacKey(withoutStrayBits(bytes, bits), bits, params.hash, extractable, usages);
  },
  exportKey(format, slots) {
    if (format === "raw") return bufferOf(slots.bytes);
    if (format !== "jwk") fail("NotSupportedError", `HMAC keys are not written as ${format}`);
    const jwk = emptyJwk("oct", slots);
    jwk.k = base64url(slots.bytes);
    jwk.alg = HMAC_NAMES[slots.algorithm.hash.name];
    return jwk;
  },
  keyLength(params) {
    if (params.length === 0) throw new TypeError("a key has at least one bit");
    return params.length ?? BLOCK_BITS[params.hash];
  },
  sign: hmacSign,
  verify(params, slots, signature, data) {
    if (TypedArrayByteLength(data) <= WHOLE_BYTES_MAX) {
      return says(compute(Computations.HmacVerify, Hashes[slots.algorithm.hash.name], slots.bytes, signature, data));
    }
    return equal(hmacSign(params, slots, data), signature);
  },
};

/** Whether two byte arrays are equal, in a time that depends on their lengths alone. */
export function equal(first, second) {
  const length = TypedArrayByteLength(first);
  if (length !== TypedArrayByteLength(second)) return false;
  let difference = 0;
  for (let i = 0; i < length; i++) difference |= first[i] ^ second[i];
  return difference === 0;
}
