// AES as a stream of bytes: GCM, CBC and CTR, with what each of Node's ciphers gives from `update`.

import { Computations, compute } from "../api/compute.js";
import { part } from "../api/crypto_values.js";
import { ArrayPush, StringToLowerCase, TypedArrayByteLength } from "../api/primordials.js";
import { Buffer, bufferOver } from "./buffer.js";
import { bytesOf } from "./buffer_search.js";
import { encoded } from "./crypto_hash.js";
import { secretOf } from "./crypto_objects.js";
import { failure, invalidValue, rangeFailure, typeFailure } from "./errors.js";
import { stream } from "./stream.js";

const BLOCK = 16;
const NAMES = /^(?:id-)?aes-?(128|192|256)-(gcm|cbc|ctr)$/;
const NOTHING = Buffer.alloc(0);

/** AES in counter mode from a counter on; what a block has left is kept for the next bytes. */
function counting(key, counter, bits) {
  const next = Buffer.from(counter);
  let used = 0;
  return (bytes) => {
    const length = TypedArrayByteLength(bytes);
    if (length === 0) return NOTHING;
    const padded = Buffer.concat([Buffer.alloc(used), bytes]);
    const out = Buffer.from(part(compute(Computations.AesCtr, key, next, bits, padded), used));
    let blocks = Math.floor((used + length) / BLOCK);
    used = (used + length) % BLOCK;
    for (let i = BLOCK - 1; i >= BLOCK - bits / 8 && blocks > 0; i--) {
      blocks += next[i];
      next[i] = blocks & 0xff;
      blocks = Math.floor(blocks / 256);
    }
    return out;
  };
}

function ctr(key, iv) {
  const run = counting(key, iv, 128);
  return { update: run, final: () => NOTHING };
}

/** The counter that GCM begins with is known for an IV of 12 bytes; for others all comes at the end. */
function gcm(key, iv, encrypts, options) {
  const known = TypedArrayByteLength(iv) === 12;
  const run = known ? counting(key, Buffer.concat([iv, Buffer.from([0, 0, 0, 2])]), 32) : null;
  const tagLength = options?.authTagLength ?? BLOCK;
  const all = [];
  const state = {
    aad: NOTHING,
    tag: null,
    update(bytes) {
      ArrayPush(all, Buffer.from(bytes));
      return run === null ? NOTHING : run(bytes);
    },
    final() {
      const data = Buffer.concat(all);
      if (encrypts) {
        const sealed = bufferOver(compute(Computations.AesGcmEncrypt, key, iv, state.aad, tagLength, data));
        state.tag = Buffer.from(sealed.subarray(data.length));
        return run === null ? Buffer.from(sealed.subarray(0, data.length)) : NOTHING;
      }
      if (state.tag === null) throw failure("ERR_CRYPTO_INVALID_STATE", "Unsupported state or unable to authenticate data");
      let opened;
      try {
        opened = compute(Computations.AesGcmDecrypt, key, iv, state.aad, state.tag.length, Buffer.concat([data, state.tag]));
      } catch {
        throw new Error("Unsupported state or unable to authenticate data");
      }
      return run === null ? bufferOver(opened) : NOTHING;
    },
  };
  return state;
}

function cbc(key, iv, encrypts) {
  let last = Buffer.from(iv);
  let held = NOTHING;
  const encrypt = (bytes) => bufferOver(compute(Computations.AesCbcEncrypt, key, last, bytes));
  // A block that says that it is padding alone makes the host give all before it.
  const decrypt = (bytes) => {
    const end = Buffer.from(bytes.subarray(bytes.length - BLOCK));
    const padding = compute(Computations.AesCbcEncrypt, key, end, NOTHING);
    return bufferOver(compute(Computations.AesCbcDecrypt, key, last, Buffer.concat([bytes, padding])));
  };
  const state = {
    pads: true,
    update(bytes) {
      held = Buffer.concat([held, bytes]);
      // The last block may be padding, which only the end tells.
      const keep = encrypts || !state.pads ? held.length % BLOCK : held.length === 0 ? 0 : held.length % BLOCK || BLOCK;
      const now = held.subarray(0, held.length - keep);
      held = Buffer.from(held.subarray(held.length - keep));
      if (now.length === 0) return NOTHING;
      const out = encrypts ? encrypt(now).subarray(0, now.length) : decrypt(now);
      last = Buffer.from((encrypts ? out : now).subarray(now.length - BLOCK));
      return Buffer.from(out);
    },
    final() {
      if (!state.pads) {
        if (held.length > 0) throw failure("ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH", "wrong final block length");
        return NOTHING;
      }
      if (encrypts) return encrypt(held);
      if (held.length !== BLOCK) throw failure("ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH", "wrong final block length");
      try {
        return bufferOver(compute(Computations.AesCbcDecrypt, key, last, held));
      } catch {
        throw failure("ERR_OSSL_BAD_DECRYPT", "bad decrypt");
      }
    },
  };
  return state;
}

class Cipher extends stream.Transform {
  #state;
  #mode;
  #encrypts;
  #finished = false;
  constructor(name, key, iv, options, encrypts) {
    super(options);
    const match = NAMES.exec(StringToLowerCase(`${name}`));
    if (match === null) throw failure("ERR_CRYPTO_UNKNOWN_CIPHER", `Unknown cipher: ${name} (functions have aes-*-gcm, aes-*-cbc and aes-*-ctr)`);
    const secret = secretOf(key, "key");
    if (TypedArrayByteLength(secret) * 8 !== +match[1]) throw rangeFailure("ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length");
    const start = bytesOf(iv, "iv");
    this.#mode = match[2];
    this.#encrypts = encrypts;
    if (this.#mode === "gcm" ? TypedArrayByteLength(start) === 0 : TypedArrayByteLength(start) !== BLOCK) {
      throw typeFailure("ERR_CRYPTO_INVALID_IV", "Invalid initialization vector");
    }
    const make = { gcm, cbc, ctr }[this.#mode];
    this.#state = this.#mode === "ctr" ? make(secret, start) : make(secret, start, encrypts, options);
  }
  update(data, inputEncoding, outputEncoding) {
    if (this.#finished) throw failure("ERR_CRYPTO_INVALID_STATE", "Unsupported state");
    return encoded(this.#state.update(bytesOf(data, "data", inputEncoding)), outputEncoding);
  }
  final(encoding) {
    if (this.#finished) throw failure("ERR_CRYPTO_INVALID_STATE", "Unsupported state");
    this.#finished = true;
    return encoded(this.#state.final(), encoding);
  }
  _transform(chunk, encoding, done) {
    this.push(this.update(chunk, encoding));
    done();
  }
  _flush(done) {
    try {
      this.push(this.final());
    } catch (error) {
      done(error);
      return;
    }
    done();
  }
  setAutoPadding(pads = true) {
    this.#state.pads = pads;
    return this;
  }
  setAAD(data, options) {
    this.#state.aad = Buffer.concat([this.#state.aad, bytesOf(data, "buffer", options?.encoding)]);
    return this;
  }
  getAuthTag() {
    if (!this.#encrypts || !this.#finished) throw failure("ERR_CRYPTO_INVALID_STATE", "Invalid state for operation getAuthTag");
    return this.#state.tag;
  }
  setAuthTag(tag, encoding) {
    const bytes = Buffer.from(bytesOf(tag, "buffer", encoding));
    if (![4, 8, 12, 13, 14, 15, 16].includes(bytes.length)) throw invalidValue("authTag", bytes.length, "has an invalid length");
    this.#state.tag = bytes;
    return this;
  }
}

export class Cipheriv extends Cipher {}
export class Decipheriv extends Cipher {}
export const createCipheriv = (name, key, iv, options) => new Cipheriv(name, key, iv, options, true);
export const createDecipheriv = (name, key, iv, options) => new Decipheriv(name, key, iv, options, false);
export const getCiphers = () => ["128", "192", "256"].flatMap((bits) => ["cbc", "ctr", "gcm"].map((mode) => `aes-${bits}-${mode}`));
