// createHash and createHmac: little data is hashed in one call; more goes to the host piece by piece.

import { Computations, compute, Hashes } from "../api/compute.js";
import { hashState } from "../api/crypto_digest.js";
import { joined } from "../api/crypto_values.js";
import { StringReplaceAll, StringToUpperCase, TypedArrayByteLength, Uint8ArrayConstructor } from "../api/primordials.js";
import { bufferOver } from "./buffer.js";
import { decodeBytes, encodingOf } from "./buffer_codecs.js";
import { bytesOf } from "./buffer_search.js";
import { failure } from "./errors.js";

const HELD_BYTES_MAX = 1 << 16;
const NAMES = {
  __proto__: null,
  SHA1: Hashes["SHA-1"],
  SHA256: Hashes["SHA-256"],
  SHA384: Hashes["SHA-384"],
  SHA512: Hashes["SHA-512"],
  MD5: 5,
};

/** The host's number of a hash. */
export function hashNamed(name) {
  const plain = StringReplaceAll(StringReplaceAll(StringToUpperCase(`${name}`), "RSA-", ""), "-", "");
  const hash = NAMES[plain];
  if (hash === undefined) throw failure("ERR_OSSL_EVP_UNSUPPORTED", `Digest method not supported: ${name}`);
  return hash;
}

/** Bytes in the requested encoding. */
export function encoded(bytes, encoding) {
  return encoding === undefined || encoding === null || encoding === "buffer" ? bufferOver(bytes) : decodeBytes(bytes, encodingOf(encoding));
}

/** How a digest or an HMAC begins, and how it is done at once. */
function plain(hash) {
  return {
    __proto__: null,
    open: () => compute(Computations.HashOpen, hash),
    whole: (bytes) => compute(Computations.Digest, hash, bytes),
  };
}

function keyed(hash, key) {
  return {
    __proto__: null,
    open: () => compute(Computations.HmacOpen, hash, key),
    whole: (bytes) => compute(Computations.Hmac, hash, key, bytes),
  };
}

const OURS = {};

class Running {
  #way;
  #held = new Uint8ArrayConstructor(0);
  #state = null;
  #over = false;
  constructor(ours, way) {
    if (ours !== OURS) throw new TypeError("createHash and createHmac make these");
    this.#way = way;
  }
  update(data, encoding) {
    if (this.#over) throw failure("ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
    const bytes = bytesOf(data, "data", encoding);
    if (this.#state === null && TypedArrayByteLength(this.#held) + TypedArrayByteLength(bytes) <= HELD_BYTES_MAX) {
      this.#held = joined(this.#held, bytes);
      return this;
    }
    if (this.#state === null) {
      this.#state = hashState(this.#way.open());
      this.#state.push(this.#held);
      this.#held = new Uint8ArrayConstructor(0);
    }
    this.#state.push(bytes);
    return this;
  }
  digest(encoding) {
    if (this.#over) throw failure("ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
    this.#over = true;
    return encoded(this.#state === null ? this.#way.whole(this.#held) : this.#state.finish(), encoding);
  }
  copy() {
    if (this.#over) throw failure("ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
    const copy = this instanceof Hmac ? new Hmac(OURS, this.#way) : new Hash(OURS, this.#way);
    copy.#held = this.#held;
    copy.#state = this.#state === null ? null : this.#state.copy();
    return copy;
  }
}

export class Hash extends Running {}
export class Hmac extends Running {}

export function createHash(name) {
  return new Hash(OURS, plain(hashNamed(name)));
}

export function createHmac(name, key) {
  return new Hmac(OURS, keyed(hashNamed(name), bytesOf(key, "key")));
}

/** A digest in one call. */
export function hash(name, data, encoding = "hex") {
  return encoded(compute(Computations.Digest, hashNamed(name), bytesOf(data, "input")), encoding);
}

export function getHashes() {
  return ["md5", "sha1", "sha256", "sha384", "sha512"];
}
