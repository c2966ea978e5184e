// DigestStream: hashes what is written to it, and keeps none of it.

import { openHash } from "./crypto_digest.js";
import { normalize } from "./crypto_algorithms.js";
import { bufferSource } from "./crypto_values.js";
import { host } from "./host.js";
import {
  deferred,
  following,
  markHandled,
  rejected,
  tag,
  TypedArrayBuffer,
  Uint8ArrayConstructor,
} from "./primordials.js";
import { INTERNAL } from "./streams_common.js";
import { createWritable } from "./streams_writable_control.js";

function promised(work) {
  try {
    work();
    return following(undefined);
  } catch (error) {
    return rejected(error);
  }
}

function sinkOf(name, digest) {
  let hash = null;
  const attempt = (work) =>
    promised(() => {
      try {
        work();
      } catch (error) {
        digest.reject(error);
        throw error;
      }
    });
  return {
    __proto__: null,
    start: () => undefined,
    write: (chunk) =>
      attempt(() => {
        hash ??= openHash(name);
        hash.push(typeof chunk === "string" ? new Uint8ArrayConstructor(host.utf8Encode(chunk)) : bufferSource(chunk, "a chunk"));
      }),
    close: () => attempt(() => digest.resolve(TypedArrayBuffer((hash ?? openHash(name)).finish()))),
    abort: (reason) =>
      promised(() => {
        hash?.close();
        digest.reject(reason);
      }),
  };
}

/** A `WritableStream` with a promise of the digest of all that is written to it. */
export class DigestStream extends globalThis.WritableStream {
  #digest;
  constructor(algorithm) {
    const { name } = normalize(algorithm, "digest");
    const digest = deferred();
    super(createWritable(sinkOf(name, digest), 1, () => 1), undefined, INTERNAL);
    markHandled(digest.promise);
    this.#digest = digest.promise;
  }
  get digest() {
    return this.#digest;
  }
}
tag(DigestStream, "DigestStream");
