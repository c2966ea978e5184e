// RSA: signatures (RSASSA-PKCS1-v1_5, RSA-PSS) and encryption (RSA-OAEP). A key's bytes are those of RFC 8017.

import { Computations, compute, computeLater, Formats, freshSeed, Hashes, says } from "./compute.js";
import { base64url, checkJwk, emptyJwk, jwkBytesOf } from "./crypto_jwk.js";
import { makeKey, makePair } from "./crypto_key.js";
import { bufferOf, checkUsages, common, copyOf, fail, part } from "./crypto_values.js";
import { ArrayPush, MathClz32, TypedArrayByteLength, Uint8ArrayConstructor } from "./primordials.js";

const PUBLIC_PARTS = ["n", "e"];
const PRIVATE_PARTS = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
const PKCS1 = 1;
const PSS = 2;
const NOTHING = new Uint8ArrayConstructor(0);

/** The numbers of a key, in the order of RFC 8017. */
function partsOf(bytes, isPrivate) {
  const frames = compute(Computations.RsaParts, isPrivate ? 1 : 0, bytes);
  const parts = [];
  for (let at = 0; at < TypedArrayByteLength(frames); ) {
    const length = frames[at] | (frames[at + 1] << 8) | (frames[at + 2] << 16) | (frames[at + 3] << 24);
    ArrayPush(parts, part(frames, at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}

function bitLength(number) {
  return TypedArrayByteLength(number) * 8 - (MathClz32(number[0]) - 24);
}

function keyAlgorithm(name, hash, bytes, isPrivate) {
  const parts = partsOf(bytes, isPrivate);
  return {
    __proto__: null,
    hash: { __proto__: null, name: hash },
    modulusLength: bitLength(parts[0]),
    name,
    publicExponent: copyOf(parts[1]),
  };
}

/** A public exponent as a number that the host makes keys for; 0 for any other. */
function exponentOf(bytes) {
  let exponent = 0;
  for (let i = 0; i < TypedArrayByteLength(bytes); i++) {
    exponent = exponent * 256 + bytes[i];
    if (exponent > 65537) return 0;
  }
  return exponent;
}

function fromJwk(jwk, rule, params, extractable, usages) {
  const isPrivate = jwk.d !== undefined;
  checkUsages(usages, isPrivate ? rule.privateUsages : rule.publicUsages);
  checkJwk(jwk, { kty: "RSA", use: rule.use, extractable, usages });
  if (jwk.alg !== undefined && jwk.alg !== rule.algs[params.hash]) fail("DataError", "the key's alg is another one");
  if (jwk.oth !== undefined) fail("NotSupportedError", "keys of more than two primes are not known");
  const names = isPrivate ? PRIVATE_PARTS : PUBLIC_PARTS;
  const parts = [];
  for (let i = 0; i < names.length; i++) ArrayPush(parts, jwkBytesOf(jwk, names[i]));
  return { isPrivate, bytes: compute(Computations.RsaFromParts, parts) };
}

function rsa(rule) {
  const { name, publicUsages, privateUsages } = rule;
  const keyOf = (bytes, isPrivate, hash, extractable, usages) =>
    makeKey(isPrivate ? "private" : "public", extractable, keyAlgorithm(name, hash, bytes, isPrivate), usages, bytes);
  const pairOf = (bytes, hash, extractable, usages) =>
    makePair(
      keyOf(compute(Computations.RsaPublic, bytes), false, hash, true, common(usages, publicUsages)),
      keyOf(bytes, true, hash, extractable, common(usages, privateUsages)),
    );
  return {
    __proto__: null,
    generateKey(params, extractable, usages, done, failed) {
      checkUsages(usages, rule.usages);
      const { modulusLength, hash } = params;
      const exponent = exponentOf(params.publicExponent);
      if (exponent !== 3 && exponent !== 65537) fail("OperationError", "the public exponent of a new key is 3 or 65537");
      if (common(usages, privateUsages).length === 0) fail("SyntaxError", "the private key would have no usages");
      const finish = (bytes) => done(pairOf(bytes, hash, extractable, usages));
      computeLater(finish, failed, Computations.RsaGenerate, modulusLength, exponent, freshSeed());
    },
    importKey(format, data, params, extractable, usages) {
      if (format === "jwk") {
        const { isPrivate, bytes } = fromJwk(data, rule, params, extractable, usages);
        return keyOf(bytes, isPrivate, params.hash, extractable, usages);
      }
      if (format !== "spki" && format !== "pkcs8") fail("NotSupportedError", `RSA keys do not come as ${format}`);
      const isPrivate = format === "pkcs8";
      checkUsages(usages, isPrivate ? privateUsages : publicUsages);
      const bytes = compute(Computations.RsaImport, Formats[format], data);
      return keyOf(bytes, isPrivate, params.hash, extractable, usages);
    },
    exportKey(format, slots) {
      if (format === "jwk") return toJwk(slots, rule);
      const type = format === "spki" ? "public" : format === "pkcs8" ? "private" : null;
      if (type === null) fail("NotSupportedError", `RSA keys are not written as ${format}`);
      if (slots.type !== type) fail("InvalidAccessError", `a ${slots.type} key is not written as ${format}`);
      return bufferOf(compute(Computations.RsaExport, Formats[format], slots.bytes));
    },
    ...rule.operations,
  };
}

function toJwk(slots, rule) {
  const isPrivate = slots.type === "private";
  const jwk = emptyJwk("RSA", slots);
  jwk.alg = rule.algs[slots.algorithm.hash.name];
  const parts = partsOf(slots.bytes, isPrivate);
  const names = isPrivate ? PRIVATE_PARTS : PUBLIC_PARTS;
  for (let i = 0; i < names.length; i++) jwk[names[i]] = base64url(parts[i]);
  return jwk;
}

const hashOf = (slots) => Hashes[slots.algorithm.hash.name];

function signatures(scheme, saltOf) {
  return {
    sign: (params, slots, data) =>
      compute(Computations.RsaSign, scheme, hashOf(slots), saltOf(params), freshSeed(), slots.bytes, data),
    verify: (params, slots, signature, data) =>
      says(compute(Computations.RsaVerify, scheme, hashOf(slots), saltOf(params), slots.bytes, signature, data)),
  };
}

const SIGNING = { use: "sig", usages: ["sign", "verify"], publicUsages: ["verify"], privateUsages: ["sign"] };

export const RsaPkcs1 = rsa({
  ...SIGNING,
  name: "RSASSA-PKCS1-v1_5",
  algs: { __proto__: null, "SHA-1": "RS1", "SHA-256": "RS256", "SHA-384": "RS384", "SHA-512": "RS512" },
  operations: signatures(PKCS1, () => 0),
});
export const RsaPss = rsa({
  ...SIGNING,
  name: "RSA-PSS",
  algs: { __proto__: null, "SHA-1": "PS1", "SHA-256": "PS256", "SHA-384": "PS384", "SHA-512": "PS512" },
  operations: signatures(PSS, (params) => params.saltLength),
});
export const RsaOaep = rsa({
  name: "RSA-OAEP",
  use: "enc",
  usages: ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
  publicUsages: ["encrypt", "wrapKey"],
  privateUsages: ["decrypt", "unwrapKey"],
  algs: {
    __proto__: null,
    "SHA-1": "RSA-OAEP",
    "SHA-256": "RSA-OAEP-256",
    "SHA-384": "RSA-OAEP-384",
    "SHA-512": "RSA-OAEP-512",
  },
  operations: {
    encrypt: (params, slots, data) =>
      compute(Computations.RsaEncrypt, hashOf(slots), freshSeed(), params.label ?? NOTHING, slots.bytes, data),
    decrypt: (params, slots, data) =>
      compute(Computations.RsaDecrypt, hashOf(slots), freshSeed(), params.label ?? NOTHING, slots.bytes, data),
  },
});
