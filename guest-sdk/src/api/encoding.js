// TextEncoder and TextDecoder (UTF-8), atob and btoa.

import { DOMException } from "./exceptions.js";
import { host } from "./host.js";
import { expose, StringToLowerCase, tag, viewOf } from "./primordials.js";

class TextEncoder {
  get encoding() {
    return "utf-8";
  }
  encode(input = "") {
    return new Uint8Array(host.utf8Encode(`${input}`));
  }
  encodeInto(source, destination) {
    return host.utf8EncodeInto(`${source}`, destination);
  }
}
tag(TextEncoder, "TextEncoder");

const LABELS = {
  __proto__: null,
  "utf-8": true,
  utf8: true,
  "unicode-1-1-utf-8": true,
  unicode11utf8: true,
  unicode20utf8: true,
  "x-unicode20utf8": true,
};

class TextDecoder {
  #fatal;
  #ignoreBOM;
  #pending = null;
  #bomSeen = false;
  constructor(label = "utf-8", options) {
    if (!LABELS[StringToLowerCase(`${label}`.trim())]) {
      throw new RangeError(`TextDecoder knows no encoding '${label}': only utf-8 is available`);
    }
    this.#fatal = !!options?.fatal;
    this.#ignoreBOM = !!options?.ignoreBOM;
  }
  get encoding() {
    return "utf-8";
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#ignoreBOM;
  }
  decode(input, options) {
    let bytes = input === undefined ? new Uint8Array(0) : viewOf(input);
    if (bytes === null) throw new TypeError("TextDecoder.decode needs an ArrayBuffer or a view of one");
    const stream = !!options?.stream;
    if (this.#pending !== null) {
      const joined = new Uint8Array(this.#pending.length + bytes.length);
      joined.set(this.#pending, 0);
      joined.set(bytes, this.#pending.length);
      bytes = joined;
      this.#pending = null;
    }
    if (stream) {
      const whole = host.utf8CompleteLength(bytes);
      if (whole < bytes.length) {
        this.#pending = bytes.slice(whole);
        bytes = bytes.subarray(0, whole);
      }
    }
    let text = host.utf8Decode(bytes, this.#fatal);
    if (!this.#ignoreBOM && !this.#bomSeen && text.length > 0 && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    this.#bomSeen = stream && (this.#bomSeen || bytes.length > 0);
    return text;
  }
}
tag(TextDecoder, "TextDecoder");

expose("TextEncoder", TextEncoder);
expose("TextDecoder", TextDecoder);
expose("btoa", function btoa(data) {
  const encoded = host.base64Encode(`${data}`);
  if (encoded === undefined) {
    throw new DOMException("btoa takes characters up to U+00FF only", "InvalidCharacterError");
  }
  return encoded;
});
expose("atob", function atob(data) {
  const decoded = host.base64Decode(`${data}`);
  if (decoded === undefined) throw new DOMException("atob was given text that is not base64", "InvalidCharacterError");
  return decoded;
});
