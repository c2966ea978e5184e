// TextEncoderStream and TextDecoderStream.

import { bufferSource } from "./crypto_values.js";
import { decodePiece, newDecoder } from "./encoding.js";
import { host } from "./host.js";
import {
  exposeInterface,
  following,
  rejected,
  StringCharCodeAt,
  StringSlice,
  Uint8ArrayConstructor,
} from "./primordials.js";
import { createTransform, enqueueTransformed } from "./streams_transform.js";
import { readableObject } from "./streams_readable.js";
import { writableObject } from "./streams_writable.js";

/** A transform of which each chunk is worked off at once. */
function makeStream(transform, flush) {
  const stream = createTransform(null, 1, () => 1, 0, () => 1);
  const promised = (work) => (chunk) => {
    try {
      const out = work(chunk);
      if (out !== undefined) enqueueTransformed(stream, out);
      return following(undefined);
    } catch (error) {
      return rejected(error);
    }
  };
  const cancel = () => following(undefined);
  stream.algorithms = { __proto__: null, transform: promised(transform), flush: promised(flush), cancel };
  stream.started.resolve(undefined);
  return stream;
}

class TextEncoderStream {
  #stream;
  // The first half of a character whose second half comes with the next chunk.
  #half = "";
  constructor() {
    this.#stream = makeStream(
      (chunk) => this.#encode(`${chunk}`),
      () => (this.#half === "" ? undefined : new Uint8ArrayConstructor(host.utf8Encode(this.#half))),
    );
  }
  #encode(chunk) {
    let text = this.#half + chunk;
    this.#half = "";
    if (text === "") return undefined;
    const last = StringCharCodeAt(text, text.length - 1);
    if (last >= 0xd800 && last <= 0xdbff) {
      this.#half = StringSlice(text, -1);
      text = StringSlice(text, 0, -1);
    }
    return text === "" ? undefined : new Uint8ArrayConstructor(host.utf8Encode(text));
  }
  get encoding() {
    this.#stream;
    return "utf-8";
  }
  get readable() {
    return readableObject(this.#stream.readable);
  }
  get writable() {
    return writableObject(this.#stream.writable);
  }
}

class TextDecoderStream {
  #stream;
  #decoder;
  constructor(label = "utf-8", options = undefined) {
    const decoder = newDecoder(label, options);
    this.#decoder = decoder;
    const shown = (text) => (text === "" ? undefined : text);
    this.#stream = makeStream(
      (chunk) => shown(decodePiece(decoder, bufferSource(chunk, "a chunk"), true)),
      () => shown(decodePiece(decoder, new Uint8ArrayConstructor(0), false)),
    );
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
  get readable() {
    return readableObject(this.#stream.readable);
  }
  get writable() {
    return writableObject(this.#stream.writable);
  }
}

exposeInterface(TextEncoderStream, "TextEncoderStream");
exposeInterface(TextDecoderStream, "TextDecoderStream");
