// Elliptic curves: ECDSA and ECDH on NIST's, Ed25519 and X25519. A public key's bytes are its point, a private key's are
// its secret, followed by that point.

import { Computations, compute, Formats, freshSeed, Hashes, says } from "./compute.js";
import { base64url, checkJwk, emptyJwk, jwkBytesOf } from "./crypto_jwk.js";
import { makeKey, makePair, slotsOf } from "./crypto_key.js";
import { bufferOf, checkUsages, common, fail, joined, part } from "./crypto_values.js";
import { TypedArrayByteLength, Uint8ArrayConstructor } from "./primordials.js";

const CURVES = {
  __proto__: null,
  "P-256": { number: 1, bytes: 32, alg: "ES256" },
  "P-384": { number: 2, bytes: 48, alg: "ES384" },
  "P-521": { number: 3, bytes: 66, alg: "ES512" },
};
const OKP_NUMBERS = { __proto__: null, Ed25519: 1, X25519: 2 };
const OKP_BYTES = 32;
const UNCOMPRESSED = new Uint8ArrayConstructor(1);
UNCOMPRESSED[0] = 4;

/** The numbers under which the host knows a key's curve. */
function nist(name, curve, unknown) {
  const found = CURVES[curve];
  if (found === undefined) fail(unknown, `there is no curve ${curve}`);
  return {
    __proto__: null,
    ...found,
    algorithm: { __proto__: null, name, namedCurve: curve },
    kty: "EC",
    crv: curve,
    import: (format, data) => compute(Computations.EcImport, found.number, Formats[format], data),
    export: (format, bytes) => compute(Computations.EcExport, found.number, Formats[format], bytes),
    generate: () => compute(Computations.EcGenerate, found.number, freshSeed()),
    pointOf: (jwk) => joined(UNCOMPRESSED, joined(coordinate(jwk, "x", found), coordinate(jwk, "y", found))),
    write(jwk, point) {
      jwk.x = base64url(part(point, 1, 1 + found.bytes));
      jwk.y = base64url(part(point, 1 + found.bytes));
    },
  };
}

function coordinate(jwk, member, { bytes }) {
  const value = jwkBytesOf(jwk, member);
  if (TypedArrayByteLength(value) !== bytes) fail("DataError", `the key's ${member} has another length than the curve's`);
  return value;
}

function okp(name) {
  const number = OKP_NUMBERS[name];
  return {
    __proto__: null,
    bytes: OKP_BYTES,
    algorithm: { __proto__: null, name },
    kty: "OKP",
    crv: name,
    import: (format, data) => compute(Computations.OkpImport, number, Formats[format], data),
    export: (format, bytes) => compute(Computations.OkpExport, number, Formats[format], bytes),
    generate: () => compute(Computations.OkpImport, number, Formats.pair, freshSeed()),
    pointOf: (jwk) => coordinate(jwk, "x", { bytes: OKP_BYTES }),
    write(jwk, point) {
      jwk.x = base64url(point);
    },
  };
}

function secretOf(slots, curve) {
  return part(slots.bytes, 0, curve.bytes);
}

function pointOf(slots, curve) {
  return slots.type === "private" ? part(slots.bytes, curve.bytes) : slots.bytes;
}

/** An algorithm on a curve; `curveOf` finds the curve of parameters, or of a key's algorithm. */
function onCurve(rule) {
  const { curveOf, usages: all, publicUsages, privateUsages } = rule;
  return {
    __proto__: null,
    generateKey(params, extractable, usages) {
      const curve = curveOf(params, "NotSupportedError");
      checkUsages(usages, all);
      const privateOnes = common(usages, privateUsages);
      if (privateOnes.length === 0) fail("SyntaxError", "the private key would have no usages");
      const bytes = curve.generate();
      const point = part(bytes, curve.bytes);
      const publicBytes = new Uint8ArrayConstructor(point);
      return makePair(
        makeKey("public", true, curve.algorithm, common(usages, publicUsages), publicBytes),
        makeKey("private", extractable, curve.algorithm, privateOnes, bytes),
      );
    },
    importKey(format, data, params, extractable, usages) {
      const isPrivate = format === "pkcs8" || (format === "jwk" && data.d !== undefined);
      checkUsages(usages, isPrivate ? privateUsages : publicUsages);
      const curve = curveOf(params, "DataError");
      const bytes = format === "jwk" ? fromJwk(data, curve, rule, extractable, usages) : curve.import(format, data);
      return makeKey(isPrivate ? "private" : "public", extractable, curve.algorithm, usages, bytes);
    },
    exportKey(format, slots) {
      const curve = curveOf(slots.algorithm);
      if (format === "jwk") return toJwk(slots, curve, rule);
      const type = format === "pkcs8" ? "private" : "public";
      if (slots.type !== type) fail("InvalidAccessError", `a ${slots.type} key is not written as ${format}`);
      return bufferOf(curve.export(format, slots.bytes));
    },
    ...rule.operations(curveOf),
  };
}

function fromJwk(jwk, curve, rule, extractable, usages) {
  checkJwk(jwk, { kty: curve.kty, crv: curve.crv, use: rule.use, extractable, usages });
  rule.checkAlg(jwk, curve);
  const point = curve.pointOf(jwk);
  if (jwk.d === undefined) return curve.import("raw", point);
  return curve.import("pair", joined(coordinate(jwk, "d", curve), point));
}

function toJwk(slots, curve, rule) {
  const jwk = emptyJwk(curve.kty, slots);
  jwk.crv = curve.crv;
  if (rule.writtenAlg !== undefined) jwk.alg = rule.writtenAlg;
  curve.write(jwk, pointOf(slots, curve));
  if (slots.type === "private") jwk.d = base64url(secretOf(slots, curve));
  return jwk;
}

/** What two sides come to: the first `bits` of it, or all. */
function derivation(agree) {
  return (curveOf) => ({
    deriveBits(params, slots, bits, done) {
      if (slots.type !== "private") fail("InvalidAccessError", "the base key is not a private one");
      const other = slotsOf(params.public, "the public key");
      const { name, namedCurve } = slots.algorithm;
      const fits = other.type === "public" && other.algorithm.name === name && other.algorithm.namedCurve === namedCurve;
      if (!fits) fail("InvalidAccessError", "the public key is not one of the same kind");
      done(truncated(agree(curveOf(slots.algorithm), slots.bytes, other.bytes), bits));
    },
  });
}

function truncated(secret, bits) {
  if (bits === null) return secret;
  if (bits > TypedArrayByteLength(secret) * 8) fail("OperationError", "the secret has fewer bits");
  const stray = bits % 8;
  const cut = new Uint8ArrayConstructor(part(secret, 0, (bits - stray) / 8 + (stray === 0 ? 0 : 1)));
  if (stray !== 0) cut[(bits - stray) / 8] &= (0xff << (8 - stray)) & 0xff;
  return cut;
}

const SIGNING = { use: "sig", usages: ["sign", "verify"], publicUsages: ["verify"], privateUsages: ["sign"] };
const DERIVING = {
  use: "enc",
  usages: ["deriveKey", "deriveBits"],
  publicUsages: [],
  privateUsages: ["deriveKey", "deriveBits"],
  checkAlg() {},
};

export const Ecdsa = onCurve({
  ...SIGNING,
  curveOf: (params, unknown) => nist("ECDSA", params.namedCurve, unknown),
  checkAlg(jwk, curve) {
    if (jwk.alg !== undefined && jwk.alg !== curve.alg) fail("DataError", "the key's alg is another one");
  },
  operations: (curveOf) => ({
    sign: (params, slots, data) =>
      compute(Computations.EcSign, curveOf(slots.algorithm).number, Hashes[params.hash], slots.bytes, data),
    verify: (params, slots, signature, data) => {
      const { number } = curveOf(slots.algorithm);
      return says(compute(Computations.EcVerify, number, Hashes[params.hash], slots.bytes, signature, data));
    },
  }),
});
export const Ecdh = onCurve({
  ...DERIVING,
  curveOf: (params, unknown) => nist("ECDH", params.namedCurve, unknown),
  operations: derivation((curve, secret, point) => compute(Computations.EcDerive, curve.number, secret, point)),
});

const ed25519 = okp("Ed25519");
const x25519 = okp("X25519");

export const Ed25519 = onCurve({
  ...SIGNING,
  curveOf: () => ed25519,
  writtenAlg: "Ed25519",
  checkAlg(jwk) {
    const { alg } = jwk;
    if (alg !== undefined && alg !== "Ed25519" && alg !== "EdDSA") fail("DataError", "the key's alg is another one");
  },
  operations: () => ({
    sign: (params, slots, data) => compute(Computations.EdSign, slots.bytes, data),
    verify: (params, slots, signature, data) => says(compute(Computations.EdVerify, slots.bytes, signature, data)),
  }),
});
export const X25519 = onCurve({
  ...DERIVING,
  curveOf: () => x25519,
  operations: derivation((curve, secret, point) => compute(Computations.XDerive, secret, point)),
});
