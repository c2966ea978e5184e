// Randomness: every byte and every seed comes from the host, and is new for each invocation.

import { DigestStream } from "./crypto_stream.js";
import { subtle } from "./crypto_subtle.js";
import { DOMException } from "./exceptions.js";
import { host } from "./host.js";
import { ArrayBufferIsView, expose, ObjectDefineProperty, tag, TypedArrayByteLength, TypedArrayName, viewOf } from "./primordials.js";

const MAX_BYTES = 65536;

ObjectDefineProperty(Math, "random", { value: host.mathRandom, writable: true, enumerable: false, configurable: true });

const OURS = {};

class Crypto {
  #ours = true;
  constructor(ours) {
    if (ours !== OURS) throw new TypeError("Illegal constructor");
  }
  get subtle() {
    this.#ours;
    return subtle;
  }
  getRandomValues(array) {
    this.#ours;
    const name = ArrayBufferIsView(array) ? TypedArrayName(array) : undefined;
    if (name === undefined || name === "Float32Array" || name === "Float64Array" || name === "Float16Array") {
      throw new DOMException("getRandomValues needs an array of integers", "TypeMismatchError");
    }
    if (TypedArrayByteLength(array) > MAX_BYTES) {
      throw new DOMException(`getRandomValues gives at most ${MAX_BYTES} bytes`, "QuotaExceededError");
    }
    host.randomFill(viewOf(array));
    return array;
  }
  randomUUID() {
    this.#ours;
    return host.randomUuid();
  }
}
tag(Crypto, "Crypto");
expose("Crypto", Crypto);
const crypto = new Crypto(OURS);
// Where other runtimes have it, too: the web itself has no digest of a stream.
ObjectDefineProperty(crypto, "DigestStream", { value: DigestStream, writable: true, configurable: true });
expose("crypto", crypto);
