// Randomness: every byte and every seed comes from the host, anew for each invocation.

import { DOMException } from "./exceptions.js";
import { host } from "./host.js";
import { ArrayBufferIsView, expose, ObjectDefineProperty, TypedArrayByteLength, TypedArrayName, viewOf } from "./primordials.js";

const MAX_BYTES = 65536;

ObjectDefineProperty(Math, "random", { value: host.mathRandom, writable: true, enumerable: false, configurable: true });

class Crypto {
  getRandomValues(array) {
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
    return host.randomUuid();
  }
}
Object.defineProperty(Crypto.prototype, Symbol.toStringTag, { value: "Crypto", configurable: true });
expose("Crypto", Crypto);
expose("crypto", new Crypto());
