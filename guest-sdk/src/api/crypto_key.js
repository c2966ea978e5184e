// CryptoKey. Its bytes are in a private field of the object: what can be read from outside is copies.

import { ArrayPush, ObjectKeys, tag, expose, Uint8ArrayConstructor, ArrayBufferIsView } from "./primordials.js";

const OURS = {};
let read;
let isOne;

class CryptoKey {
  #slots;
  #algorithm;
  #usages;
  constructor(ours, slots) {
    if (ours !== OURS) throw new TypeError("Illegal constructor");
    this.#slots = slots;
  }
  get type() {
    return this.#slots.type;
  }
  get extractable() {
    return this.#slots.extractable;
  }
  get algorithm() {
    return (this.#algorithm ??= shown(this.#slots.algorithm));
  }
  get usages() {
    return (this.#usages ??= listed(this.#slots.usages));
  }
  static {
    read = (key) => key.#slots;
    isOne = (value) => typeof value === "object" && value !== null && #slots in value;
  }
}
tag(CryptoKey, "CryptoKey");
expose("CryptoKey", CryptoKey);

function shown(algorithm) {
  const copy = {};
  const names = ObjectKeys(algorithm);
  for (let i = 0; i < names.length; i++) {
    const value = algorithm[names[i]];
    const nested = typeof value === "object" && value !== null;
    copy[names[i]] = !nested ? value : ArrayBufferIsView(value) ? new Uint8ArrayConstructor(value) : shown(value);
  }
  return copy;
}

function listed(usages) {
  const copy = [];
  for (let i = 0; i < usages.length; i++) ArrayPush(copy, usages[i]);
  return copy;
}

/** A key: `algorithm` is an object without a prototype, `bytes` what the host takes for one. */
export function makeKey(type, extractable, algorithm, usages, bytes) {
  return new CryptoKey(OURS, { __proto__: null, type, extractable, algorithm, usages, bytes });
}

/** A pair of keys, as `generateKey` answers it. */
export function makePair(publicKey, privateKey) {
  return { publicKey, privateKey };
}

/** What a key is made of; a `TypeError` for anything else. */
export function slotsOf(value, what = "the key") {
  if (!isOne(value)) throw new TypeError(`${what} is not a CryptoKey`);
  return read(value);
}

/** Whether a value is a CryptoKey. */
export function isKey(value) {
  return isOne(value);
}
