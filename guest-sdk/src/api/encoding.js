// TextEncoder and TextDecoder, atob and btoa. UTF-8 is decoded here; for legacy encodings, the host has the tables.

import { Computations, compute, numberOf } from "./compute.js";
import { DOMException } from "./exceptions.js";
import { host } from "./host.js";
import {
  expose,
  exposeFunction,
  StringToLowerCase,
  tag,
  TypedArrayBuffer,
  TypedArrayByteLength,
  TypedArrayByteOffset,
  TypedArraySet,
  Uint8ArrayConstructor,
  viewOf,
} from "./primordials.js";

class TextEncoder {
  #ours = true;
  get encoding() {
    this.#ours;
    return "utf-8";
  }
  encode(input = "") {
    this.#ours;
    return new Uint8ArrayConstructor(host.utf8Encode(`${input}`));
  }
  encodeInto(source, destination) {
    this.#ours;
    return host.utf8EncodeInto(`${source}`, destination);
  }
}
tag(TextEncoder, "TextEncoder");

const UTF8_LABELS = {
  __proto__: null,
  "utf-8": true,
  utf8: true,
  "unicode-1-1-utf-8": true,
  unicode11utf8: true,
  unicode20utf8: true,
  "x-unicode20utf8": true,
};
// What goes to the host at once, where more will follow.
const PIECE_BYTES = 1 << 18;
const INVALID = "InvalidCharacterError";

/** The name of the encoding that a label stands for. */
function encodingOf(label) {
  if (UTF8_LABELS[StringToLowerCase(label)]) return "utf-8";
  const name = host.utf8Decode(compute(Computations.TextEncodingName, label), false);
  if (name === "") throw new RangeError(`TextDecoder knows no encoding '${label}'`);
  return name;
}

function part(bytes, from, to) {
  return new Uint8ArrayConstructor(TypedArrayBuffer(bytes), TypedArrayByteOffset(bytes) + from, to - from);
}

/** UTF-8, in pieces that may end within a character. */
class Utf8 {
  #pending = null;
  #begun = false;
  decode(bytes, fatal, keepMark, more) {
    const all = this.#withPending(bytes);
    let whole = all;
    if (more) {
      const length = host.utf8CompleteLength(all);
      if (length < TypedArrayByteLength(all)) {
        this.#pending = new Uint8ArrayConstructor(part(all, length, TypedArrayByteLength(all)));
        whole = part(all, 0, length);
      }
    }
    const atStart = !this.#begun && !keepMark;
    this.#begun = more && (this.#begun || TypedArrayByteLength(whole) > 0);
    return host.utf8Decode(whole, fatal, atStart);
  }
  #withPending(bytes) {
    const pending = this.#pending;
    if (pending === null) return bytes;
    this.#pending = null;
    const all = new Uint8ArrayConstructor(TypedArrayByteLength(pending) + TypedArrayByteLength(bytes));
    TypedArraySet(all, pending, 0);
    TypedArraySet(all, bytes, TypedArrayByteLength(pending));
    return all;
  }
}

/** Any other encoding: on the host, where a decoder waits between two pieces. */
class Legacy {
  #name;
  #state = null;
  constructor(name) {
    this.#name = name;
  }
  decode(bytes, fatal, keepMark, more) {
    const isFatal = fatal ? 1 : 0;
    const keepsMark = keepMark ? 1 : 0;
    if (!more && this.#state === null) {
      return host.utf8Decode(compute(Computations.TextDecode, this.#name, isFatal, keepsMark, bytes), false);
    }
    this.#state ??= numberOf(compute(Computations.DecoderOpen, this.#name, isFatal, keepsMark));
    const state = this.#state;
    this.#state = null;
    const length = TypedArrayByteLength(bytes);
    let text = "";
    for (let at = 0; ; at += PIECE_BYTES) {
      const end = at + PIECE_BYTES < length ? at + PIECE_BYTES : length;
      const last = !more && end === length ? 1 : 0;
      text += host.utf8Decode(compute(Computations.DecoderPush, state, last, part(bytes, at, end)), false);
      if (end === length) break;
    }
    if (more) this.#state = state;
    return text;
  }
}

/** A decoder of an encoding: what it is, and what of the bytes that it has seen waits for others. */
export function newDecoder(label, options) {
  if (options !== undefined && options !== null && typeof options !== "object" && typeof options !== "function") {
    throw new TypeError("The options of a TextDecoder are an object");
  }
  const encoding = encodingOf(`${label}`);
  return { __proto__: null, encoding, fatal: !!options?.fatal, ignoreBOM: !!options?.ignoreBOM, state: null };
}

/** The text of some bytes; `more`: what follows them belongs to them. */
export function decodePiece(decoder, bytes, more) {
  const state = decoder.state ?? (decoder.encoding === "utf-8" ? new Utf8() : new Legacy(decoder.encoding));
  // After a failure it starts from the beginning.
  decoder.state = null;
  const text = state.decode(bytes, decoder.fatal, decoder.ignoreBOM, more);
  if (more) decoder.state = state;
  return text;
}

class TextDecoder {
  #decoder;
  constructor(label = "utf-8", options = undefined) {
    this.#decoder = newDecoder(label, options);
  }
  get encoding() {
    return this.#decoder.encoding;
  }
  get fatal() {
    return this.#decoder.fatal;
  }
  get ignoreBOM() {
    return this.#decoder.ignoreBOM;
  }
  decode(input = undefined, options = undefined) {
    const bytes = input === undefined ? new Uint8ArrayConstructor(0) : viewOf(input);
    if (bytes === null) throw new TypeError("TextDecoder.decode needs an ArrayBuffer or a view of one");
    return decodePiece(this.#decoder, bytes, !!options?.stream);
  }
}
tag(TextDecoder, "TextDecoder");

expose("TextEncoder", TextEncoder);
expose("TextDecoder", TextDecoder);

// The engine's own reads and writes strings where they lie.
const { btoa: encodeBase64 } = globalThis;

exposeFunction({
  btoa(data) {
    if (arguments.length === 0) throw new TypeError("btoa needs a text");
    try {
      return encodeBase64(`${data}`);
    } catch (error) {
      // That memory is out stays as it is.
      if (error?.name !== INVALID) throw error;
      throw new DOMException("btoa takes characters up to U+00FF only", INVALID);
    }
  },
});
exposeFunction({
  atob(data) {
    if (arguments.length === 0) throw new TypeError("atob needs a text");
    const decoded = host.base64Decode(`${data}`);
    if (decoded === undefined) throw new DOMException("atob was given text that is not base64", INVALID);
    return decoded;
  },
});
