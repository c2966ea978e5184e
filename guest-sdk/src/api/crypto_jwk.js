// JSON Web Keys: read member by member, checked as RFC 7517 and Web Crypto say, and written.

import { fail, has, strings } from "./crypto_values.js";
import { host } from "./host.js";
import { JSONParse, JSONStringify, StringConstructor, Uint8ArrayConstructor, viewOf } from "./primordials.js";

const TEXTS = ["kty", "use", "alg", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "k"];

/** A `JsonWebKey` dictionary, as an object of our own. */
export function jwkOf(value) {
  if (typeof value !== "object" || value === null) throw new TypeError("a JSON Web Key is an object");
  const jwk = { __proto__: null };
  for (let i = 0; i < TEXTS.length; i++) {
    const member = value[TEXTS[i]];
    if (member !== undefined) jwk[TEXTS[i]] = StringConstructor(member);
  }
  if (value.ext !== undefined) jwk.ext = !!value.ext;
  if (value.key_ops !== undefined) jwk.key_ops = strings(value.key_ops, "key_ops");
  if (value.oth !== undefined) jwk.oth = true;
  return jwk;
}

/** The JSON of one, in bytes, and back. */
export function jwkBytes(jwk) {
  return new Uint8ArrayConstructor(host.utf8Encode(JSONStringify(jwk)));
}

export function parsedJwk(bytes) {
  let value;
  try {
    value = JSONParse(host.utf8Decode(bytes, true));
  } catch {
    fail("DataError", "what was unwrapped is not JSON");
  }
  if (typeof value !== "object" || value === null) fail("DataError", "what was unwrapped is not a JSON Web Key");
  return value;
}

/** Refuses a key that is of another type, or says of itself that it is not for this. */
export function checkJwk(jwk, { kty, use, extractable, usages, crv }) {
  if (jwk.kty !== kty) fail("DataError", `the key's kty is not ${kty}`);
  if (crv !== undefined && jwk.crv !== crv) fail("DataError", `the key's crv is not ${crv}`);
  if (usages.length > 0 && jwk.use !== undefined && jwk.use !== use) fail("DataError", `the key's use is not ${use}`);
  if (jwk.key_ops !== undefined) checkOperations(jwk.key_ops, usages);
  if (jwk.ext === false && extractable) fail("DataError", "the key says that it is not to be extractable");
}

function checkOperations(operations, usages) {
  for (let i = 0; i < operations.length; i++) {
    for (let j = 0; j < i; j++) {
      if (operations[i] === operations[j]) fail("DataError", "the key's key_ops name an operation twice");
    }
  }
  for (let i = 0; i < usages.length; i++) {
    if (!has(operations, usages[i])) fail("DataError", `the key's key_ops do not have '${usages[i]}'`);
  }
}

/** The bytes of a member in base64url. */
export function jwkBytesOf(jwk, member) {
  const text = jwk[member];
  const bytes = text === undefined ? undefined : host.base64urlDecode(text);
  if (bytes === undefined) fail("DataError", `the key's ${member} is missing, or not base64url`);
  return viewOf(bytes);
}

/** Bytes in base64url. */
export function base64url(bytes) {
  return host.base64urlEncode(bytes);
}

/** A key as it is written, but for its own members. */
export function emptyJwk(kty, slots) {
  const operations = [];
  for (let i = 0; i < slots.usages.length; i++) operations[i] = slots.usages[i];
  return { kty, key_ops: operations, ext: slots.extractable };
}
