// SubtleCrypto: each method's checks, in the order of the specification (https://w3c.github.io/webcrypto/).

import { Algorithms, canDo, normalize } from "./crypto_algorithms.js";
import { digestOfIterable, digestOf, isAsyncIterable } from "./crypto_digest.js";
import { jwkBytes, jwkOf, parsedJwk } from "./crypto_jwk.js";
import { slotsOf } from "./crypto_key.js";
import { bufferOf, bufferSource, copyOf, fail, has, isBufferSource, usagesOf } from "./crypto_values.js";
import { expose, isArrayBuffer, PromiseConstructor, StringConstructor, tag, TypedArrayBuffer, TypedArrayByteLength, viewOf } from "./primordials.js";

const OURS = {};
const FORMATS = ["raw", "spki", "pkcs8", "jwk"];

function formatOf(value) {
  const format = StringConstructor(value);
  if (!has(FORMATS, format)) throw new TypeError(`'${format}' is not a format of keys`);
  return format;
}

/** A promise of what `work` answers, or gives to the first of the functions that it gets. */
function promise(self, count, given, work) {
  return new PromiseConstructor((resolve, reject) => {
    try {
      if (!isSubtle(self)) throw new TypeError("Illegal invocation");
      if (given < count) throw new TypeError(`${count} arguments are needed, but only ${given} were given`);
      work(resolve, reject);
    } catch (error) {
      reject(error);
    }
  });
}

/** Refuses a key that is not for this. */
function checkKey(slots, name, usage) {
  if (slots.algorithm.name !== name) fail("InvalidAccessError", `the key is one for ${slots.algorithm.name}, not for ${name}`);
  if (!has(slots.usages, usage)) fail("InvalidAccessError", `the key is not for '${usage}'`);
}

function checkType(slots, type) {
  if (slots.type !== "secret" && slots.type !== type) fail("InvalidAccessError", `that takes a ${type} key`);
}

function isUseless(slots) {
  return slots.type !== "public" && slots.usages.length === 0;
}

function imported(format, data, params, extractable, usages) {
  const key = Algorithms[params.name].importKey(format, data, params, extractable, usages);
  if (isUseless(slotsOf(key))) fail("SyntaxError", "the key would have no usages");
  return key;
}

function exported(format, key) {
  const slots = slotsOf(key);
  const { exportKey } = Algorithms[slots.algorithm.name];
  if (exportKey === undefined) fail("NotSupportedError", `${slots.algorithm.name} keys are not exported`);
  if (!slots.extractable) fail("InvalidAccessError", "the key is not extractable");
  return exportKey(format, slots);
}

const USES = { __proto__: null, encrypt: "public", decrypt: "private", wrapKey: "public", unwrapKey: "private" };

/** Encrypts or decrypts, as one that was asked for that, or for the wrapping of a key. */
function cipher(operation, usage, params, key, data) {
  const slots = slotsOf(key);
  checkKey(slots, params.name, usage);
  checkType(slots, USES[operation]);
  return Algorithms[params.name][operation](params, slots, data);
}

/** `wrapKey` or `unwrapKey`, where the algorithm has it, else what is nearest. */
function wrapper(algorithm, own, other) {
  const operation = canDo(algorithm, own) ? own : other;
  return { operation, params: normalize(algorithm, operation) };
}

/** Hands a secret to `done`. It is in no promise. */
function derived(params, slots, bits, done, failed) {
  Algorithms[params.name].deriveBits(params, slots, bits, done, failed);
}

let isSubtle;

class SubtleCrypto {
  #ours;
  constructor(ours) {
    if (ours !== OURS) throw new TypeError("Illegal constructor");
  }
  static {
    isSubtle = (value) => typeof value === "object" && value !== null && #ours in value;
  }
  /** Whether both are the same, in a time that does not tell where they differ: Cloudflare's, beside the standard. */
  timingSafeEqual(a, b) {
    const first = bufferSource(a, "the first");
    const second = bufferSource(b, "the second");
    const length = TypedArrayByteLength(first);
    if (length !== TypedArrayByteLength(second)) throw new TypeError("both must have the same length");
    let difference = 0;
    for (let i = 0; i < length; i++) difference |= first[i] ^ second[i];
    return difference === 0;
  }
  digest(algorithm, data) {
    return promise(this, 2, arguments.length, (resolve) => {
      const { name } = normalize(algorithm, "digest");
      if (isAsyncIterable(data)) resolve(digestOfIterable(name, data));
      else resolve(TypedArrayBuffer(digestOf(name, bufferSource(data, "the data"))));
    });
  }
  encrypt(algorithm, key, data) {
    return promise(this, 3, arguments.length, (resolve) => {
      const bytes = bufferSource(data, "the data");
      slotsOf(key);
      resolve(TypedArrayBuffer(cipher("encrypt", "encrypt", normalize(algorithm, "encrypt"), key, bytes)));
    });
  }
  decrypt(algorithm, key, data) {
    return promise(this, 3, arguments.length, (resolve) => {
      const bytes = bufferSource(data, "the data");
      slotsOf(key);
      resolve(TypedArrayBuffer(cipher("decrypt", "decrypt", normalize(algorithm, "decrypt"), key, bytes)));
    });
  }
  sign(algorithm, key, data) {
    return promise(this, 3, arguments.length, (resolve) => {
      const slots = slotsOf(key);
      const bytes = bufferSource(data, "the data");
      const params = normalize(algorithm, "sign");
      checkKey(slots, params.name, "sign");
      checkType(slots, "private");
      resolve(TypedArrayBuffer(Algorithms[params.name].sign(params, slots, bytes)));
    });
  }
  verify(algorithm, key, signature, data) {
    return promise(this, 4, arguments.length, (resolve) => {
      const slots = slotsOf(key);
      const given = bufferSource(signature, "the signature");
      const bytes = bufferSource(data, "the data");
      const params = normalize(algorithm, "verify");
      checkKey(slots, params.name, "verify");
      checkType(slots, "public");
      resolve(Algorithms[params.name].verify(params, slots, given, bytes));
    });
  }
  generateKey(algorithm, extractable, keyUsages) {
    return promise(this, 3, arguments.length, (resolve, reject) => {
      const usages = usagesOf(keyUsages);
      const params = normalize(algorithm, "generateKey");
      const key = Algorithms[params.name].generateKey(params, !!extractable, usages, resolve, reject);
      if (key === undefined) return;
      if (key.publicKey === undefined && isUseless(slotsOf(key))) fail("SyntaxError", "the key would have no usages");
      resolve(key);
    });
  }
  importKey(format, keyData, algorithm, extractable, keyUsages) {
    return promise(this, 5, arguments.length, (resolve) => {
      const form = formatOf(format);
      const usages = usagesOf(keyUsages);
      const params = normalize(algorithm, "importKey");
      const isBytes = isBufferSource(keyData);
      if (isBytes === (form === "jwk")) throw new TypeError(`the key's data is not what '${form}' takes`);
      const data = isBytes ? copyOf(viewOf(keyData)) : jwkOf(keyData);
      resolve(imported(form, data, params, !!extractable, usages));
    });
  }
  exportKey(format, key) {
    return promise(this, 2, arguments.length, (resolve) => {
      slotsOf(key);
      resolve(exported(formatOf(format), key));
    });
  }
  deriveBits(algorithm, baseKey, length = null) {
    return promise(this, 2, arguments.length, (resolve, reject) => {
      const slots = slotsOf(baseKey);
      const bits = length === null ? null : length >>> 0;
      const params = normalize(algorithm, "deriveBits");
      checkKey(slots, params.name, "deriveBits");
      derived(params, slots, bits, (secret) => resolve(bufferOf(secret)), reject);
    });
  }
  deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
    return promise(this, 5, arguments.length, (resolve, reject) => {
      const slots = slotsOf(baseKey);
      const usages = usagesOf(keyUsages);
      const params = normalize(algorithm, "deriveBits");
      const made = normalize(derivedKeyType, "importKey");
      const bits = Algorithms[made.name].keyLength;
      const lengthParams = normalize(derivedKeyType, "keyLength");
      checkKey(slots, params.name, "deriveKey");
      const finish = (secret) => resolve(imported("raw", secret, made, !!extractable, usages));
      derived(params, slots, bits(lengthParams), finish, reject);
    });
  }
  wrapKey(format, key, wrappingKey, wrapAlgorithm) {
    return promise(this, 4, arguments.length, (resolve) => {
      const form = formatOf(format);
      slotsOf(key);
      const wrapping = slotsOf(wrappingKey, "the wrapping key");
      const { operation, params } = wrapper(wrapAlgorithm, "wrapKey", "encrypt");
      checkKey(wrapping, params.name, "wrapKey");
      const written = exported(form, key);
      const bytes = isArrayBuffer(written) ? viewOf(written) : jwkBytes(written);
      resolve(TypedArrayBuffer(cipher(operation, "wrapKey", params, wrappingKey, bytes)));
    });
  }
  unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages) {
    return promise(this, 7, arguments.length, (resolve) => {
      const form = formatOf(format);
      const wrapped = bufferSource(wrappedKey, "the wrapped key");
      slotsOf(unwrappingKey, "the unwrapping key");
      const usages = usagesOf(keyUsages);
      const { operation, params } = wrapper(unwrapAlgorithm, "unwrapKey", "decrypt");
      const made = normalize(unwrappedKeyAlgorithm, "importKey");
      const bytes = cipher(operation, "unwrapKey", params, unwrappingKey, wrapped);
      resolve(imported(form, form === "jwk" ? jwkOf(parsedJwk(bytes)) : bytes, made, !!extractable, usages));
    });
  }
}
tag(SubtleCrypto, "SubtleCrypto");
expose("SubtleCrypto", SubtleCrypto);

/** The one that there is. */
export const subtle = new SubtleCrypto(OURS);
