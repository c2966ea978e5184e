// node:string_decoder

import { host } from "../api/host.js";
import { TypedArrayByteLength, TypedArraySet, Uint8ArrayConstructor, viewOf } from "../api/primordials.js";
import { decodeBytes, encodingOf } from "./buffer_codecs.js";
import { within } from "./buffer_search.js";
import { invalidType } from "./errors.js";

// How many of the bytes make whole characters.
const WHOLE = {
  __proto__: null,
  utf8: (bytes) => host.utf8CompleteLength(bytes),
  utf16le: (bytes) => {
    const even = TypedArrayByteLength(bytes) & ~1;
    // The first half of a pair waits for the second.
    return even > 0 && (bytes[even - 1] & 0xfc) === 0xd8 ? even - 2 : even;
  },
  base64: (bytes) => TypedArrayByteLength(bytes) - (TypedArrayByteLength(bytes) % 3),
};
WHOLE.base64url = WHOLE.base64;

function joined(first, second) {
  const all = new Uint8ArrayConstructor(TypedArrayByteLength(first) + TypedArrayByteLength(second));
  TypedArraySet(all, first);
  TypedArraySet(all, second, TypedArrayByteLength(first));
  return all;
}

/** Text out of bytes that come in pieces, which may end within a character. */
export class StringDecoder {
  #pending = new Uint8ArrayConstructor(0);
  constructor(encoding) {
    this.encoding = encodingOf(encoding);
  }
  write(piece) {
    if (typeof piece === "string") return piece;
    const view = viewOf(piece);
    if (view === null) throw invalidType("buf", "an instance of Buffer, TypedArray, or DataView", piece);
    const all = TypedArrayByteLength(this.#pending) === 0 ? view : joined(this.#pending, view);
    const length = WHOLE[this.encoding]?.(all) ?? TypedArrayByteLength(all);
    this.#pending = new Uint8ArrayConstructor(within(all, length));
    return decodeBytes(within(all, 0, length), this.encoding);
  }
  end(piece) {
    const text = piece === undefined ? "" : this.write(piece);
    const rest = this.#pending;
    this.#pending = new Uint8ArrayConstructor(0);
    return text + decodeBytes(rest, this.encoding);
  }
}
