// Digests of whole buffers, and of data that arrives piece by piece.

import { Computations, compute, Hashes, numberOf } from "./compute.js";
import { bufferSource, isBufferSource, part } from "./crypto_values.js";
import { SymbolAsyncIterator, TypedArrayBuffer, TypedArrayByteLength } from "./primordials.js";

// What goes to the host at once.
const PIECE_BYTES = 1 << 18;
const WHOLE_BYTES_MAX = 4 << 20;

/** A hash that is under way on the host. */
export function hashState(opened) {
  const state = numberOf(opened);
  return {
    __proto__: null,
    push(bytes) {
      const length = TypedArrayByteLength(bytes);
      for (let at = 0; at < length; at += PIECE_BYTES) {
        const end = at + PIECE_BYTES < length ? at + PIECE_BYTES : length;
        compute(Computations.HashPush, state, part(bytes, at, end));
      }
    },
    finish: () => compute(Computations.HashFinish, state),
    copy: () => hashState(compute(Computations.HashCopy, state)),
    close: () => compute(Computations.Close, state),
  };
}

/** A digest that is under way. */
export function openHash(name) {
  return hashState(compute(Computations.HashOpen, Hashes[name]));
}

/** The digest of bytes. */
export function digestOf(name, bytes) {
  if (TypedArrayByteLength(bytes) <= WHOLE_BYTES_MAX) return compute(Computations.Digest, Hashes[name], bytes);
  const state = openHash(name);
  state.push(bytes);
  return state.finish();
}

/** Whether something is an async iterable of bytes. */
export function isAsyncIterable(value) {
  return typeof value === "object" && value !== null && !isBufferSource(value) && typeof value[SymbolAsyncIterator] === "function";
}

/** The digest of what an async iterable gives, none of which is kept. */
export async function digestOfIterable(name, iterable) {
  const state = openHash(name);
  try {
    for await (const piece of iterable) state.push(bufferSource(piece, "a piece of the data"));
  } catch (error) {
    state.close();
    throw error;
  }
  return TypedArrayBuffer(state.finish());
}
