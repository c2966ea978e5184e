// DER, as far as keys and signatures are written in it.

import { ArrayPush, TypedArrayByteLength, Uint8ArrayConstructor } from "../api/primordials.js";
import { joined, part } from "../api/crypto_values.js";
import { bufferOver } from "./buffer.js";
import { failure } from "./errors.js";

function malformed() {
  return failure("ERR_OSSL_ASN1_WRONG_TAG", "the key's ASN.1 cannot be read");
}

/** The element that begins at `at`: its tag, its content, and all of it. */
export function element(bytes, at = 0) {
  const size = TypedArrayByteLength(bytes);
  let length = bytes[at + 1];
  let start = at + 2;
  // 0x80 would be a length that is not told.
  if (length === 0x80) throw malformed();
  if (length > 0x80) {
    const count = length & 0x7f;
    if (count > 4) throw malformed();
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[start++];
  }
  if (!(start + length <= size)) throw malformed();
  return { __proto__: null, tag: bytes[at], content: part(bytes, start, start + length), whole: part(bytes, at, start + length) };
}

/** The elements within a sequence, or within its content. */
export function children(given) {
  const bytes = given.content ?? given;
  const content = given.content === undefined && bytes[0] === 0x30 && element(bytes).whole.length === bytes.length ? element(bytes).content : bytes;
  const found = [];
  for (let at = 0; at < TypedArrayByteLength(content); ) {
    const next = element(content, at);
    ArrayPush(found, next);
    at += TypedArrayByteLength(next.whole);
  }
  return found;
}

export function hexOf(bytes) {
  return bufferOver(bytes).toString("hex");
}

function integer(bytes) {
  let at = 0;
  while (at < TypedArrayByteLength(bytes) - 1 && bytes[at] === 0) at += 1;
  const number = part(bytes, at);
  const sign = number[0] & 0x80 ? 1 : 0;
  const head = new Uint8ArrayConstructor(2 + sign);
  head[0] = 2;
  head[1] = TypedArrayByteLength(number) + sign;
  return joined(head, number);
}

/** Two numbers side by side as a signature in DER. */
export function signatureToDer(bytes) {
  const half = TypedArrayByteLength(bytes) / 2;
  const content = joined(integer(part(bytes, 0, half)), integer(part(bytes, half)));
  const length = TypedArrayByteLength(content);
  const head = new Uint8ArrayConstructor(length < 0x80 ? 2 : 3);
  head[0] = 0x30;
  if (length >= 0x80) head[1] = 0x81;
  head[head.length - 1] = length;
  return joined(head, content);
}

/** And back, each of `size` bytes; null for what is none. */
export function signatureFromDer(der, size) {
  const bytes = new Uint8ArrayConstructor(size * 2);
  try {
    const numbers = children(element(der).content);
    for (let i = 0; i < 2; i++) {
      let { content } = numbers[i];
      while (content.length > size && content[0] === 0) content = part(content, 1);
      if (content.length > size) return null;
      bytes.set(content, size * (i + 1) - content.length);
    }
  } catch {
    return null;
  }
  return bytes;
}
