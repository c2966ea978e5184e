// Keys as node:crypto has them: read from PEM, DER and JWK, and written so. The host proves that they are keys.

import { Computations, compute, Formats } from "../api/compute.js";
import { Ecdsa, Ed25519, X25519 } from "../api/crypto_curves.js";
import { jwkOf } from "../api/crypto_jwk.js";
import { isKey, slotsOf } from "../api/crypto_key.js";
import { RsaPkcs1 } from "../api/crypto_rsa.js";
import { joined, part } from "../api/crypto_values.js";
import { StringIncludes, StringReplaceAll, TypedArrayByteLength, Uint8ArrayConstructor } from "../api/primordials.js";
import { Buffer, bufferOver } from "./buffer.js";
import { bytesOf } from "./buffer_search.js";
import { children, element, hexOf } from "./der.js";
import { failure, invalidType, invalidValue } from "./errors.js";

const CURVES = { __proto__: null, "2a8648ce3d030107": "P-256", "2b81040022": "P-384", "2b81040023": "P-521" };
const NODE_CURVES = { __proto__: null, "P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1" };
const NUMBERS = { __proto__: null, "P-256": 1, "P-384": 2, "P-521": 3, ed25519: 1, x25519: 2 };
const SECRETS = { __proto__: null, "P-256": 32, "P-384": 48, "P-521": 66 };
const KINDS = {
  __proto__: null,
  "2a864886f70d010101": "rsa",
  "2a864886f70d01010a": "rsa",
  "2a8648ce3d0201": "ec",
  "2b6570": "ed25519",
  "2b656e": "x25519",
};
const OURS = {};
let read;

/** A key: `parts` are its type, its kind, its curve, and its bytes as the host takes them. */
export class KeyObject {
  #parts;
  constructor(ours, parts) {
    if (ours !== OURS) throw new TypeError("createSecretKey, createPublicKey and createPrivateKey make these");
    this.#parts = parts;
  }
  static from(key) {
    if (!isKey(key)) throw invalidType("key", "an instance of CryptoKey", key);
    const { type, algorithm, bytes } = slotsOf(key);
    const kind = type === "secret" ? undefined : algorithm.namedCurve !== undefined ? "ec" : algorithm.name[0] === "R" ? "rsa" : algorithm.name.toLowerCase();
    return made(type, kind, algorithm.namedCurve, bytes);
  }
  get type() {
    return this.#parts.type;
  }
  get asymmetricKeyType() {
    return this.#parts.kind;
  }
  get asymmetricKeyDetails() {
    const { kind, curve } = this.#parts;
    if (kind === "ec") return { namedCurve: NODE_CURVES[curve] };
    if (kind !== "rsa") return kind === undefined ? undefined : {};
    const { n, e } = this.export({ format: "jwk" });
    const modulus = Buffer.from(n, "base64url");
    return { modulusLength: modulus.length * 8 - (Math.clz32(modulus[0]) - 24), publicExponent: BigInt(`0x${Buffer.from(e, "base64url").toString("hex")}`) };
  }
  get symmetricKeySize() {
    return this.#parts.kind === undefined ? TypedArrayByteLength(this.#parts.bytes) : undefined;
  }
  equals(other) {
    const theirs = partsOf(other);
    const { type, kind, curve, bytes } = this.#parts;
    return type === theirs.type && kind === theirs.kind && curve === theirs.curve && Buffer.from(bytes).equals(theirs.bytes);
  }
  export(options = {}) {
    return written(this.#parts, options);
  }
  get [Symbol.toStringTag]() {
    return "KeyObject";
  }
  static {
    read = (key) => key.#parts;
  }
}

function made(type, kind, curve, bytes) {
  return new KeyObject(OURS, { __proto__: null, type, kind, curve, bytes });
}

/** What a key object is made of. */
export function partsOf(key) {
  if (!(key instanceof KeyObject)) throw invalidType("key", "an instance of KeyObject", key);
  return read(key);
}

/** Bytes for a MAC or a cipher, which may come as a key object. */
export function secretOf(key, name, encoding) {
  return key instanceof KeyObject ? read(key).bytes : bytesOf(isKey(key) ? slotsOf(key).bytes : key, name, encoding);
}

export function createSecretKey(key, encoding) {
  return made("secret", undefined, undefined, new Uint8ArrayConstructor(bytesOf(key, "key", encoding)));
}

/** The key that a JSON Web Key describes. */
function ofJwk(value) {
  const jwk = jwkOf(value);
  for (const member of ["alg", "use", "ext", "key_ops"]) delete jwk[member];
  const found = { __proto__: null, RSA: [RsaPkcs1, { hash: "SHA-256" }, "rsa"], EC: [Ecdsa, { namedCurve: jwk.crv }, "ec"] };
  const [rule, params, kind] =
    found[jwk.kty] ?? (jwk.crv === "X25519" ? [X25519, {}, "x25519"] : jwk.crv === "Ed25519" ? [Ed25519, {}, "ed25519"] : []);
  if (rule === undefined) throw failure("ERR_CRYPTO_INVALID_JWK", "Invalid JWK data");
  const { type, bytes } = slotsOf(rule.importKey("jwk", jwk, params, true, []));
  return made(type, kind, kind === "ec" ? jwk.crv : undefined, bytes);
}

/** The kind and the curve that an algorithm's identifier names. */
function algorithmOf(identifier) {
  const [oid, parameters] = children(identifier);
  const kind = KINDS[hexOf(oid.content)];
  const curve = kind === "ec" ? CURVES[hexOf(parameters.content)] : undefined;
  if (kind === undefined || (kind === "ec" && curve === undefined)) {
    throw failure("ERR_OSSL_UNSUPPORTED", "this kind of key is not known: there are RSA, P-256, P-384, P-521, Ed25519 and X25519");
  }
  return { kind, curve };
}

function imported({ kind, curve }, format, der) {
  const computation = { __proto__: null, rsa: Computations.RsaImport, ec: Computations.EcImport }[kind] ?? Computations.OkpImport;
  const frame = kind === "rsa" ? [Formats[format], der] : [NUMBERS[curve ?? kind], Formats[format], der];
  return made(format === "spki" ? "public" : "private", kind, curve, compute(computation, ...frame));
}

function ofSpki(der) {
  return imported(algorithmOf(children(element(der))[0].content), "spki", der);
}

function ofPkcs8(der) {
  return imported(algorithmOf(children(element(der))[1].content), "pkcs8", der);
}

/** An RSA key that stands by itself: it becomes one with the algorithm beside it. */
function ofPkcs1(der, isPrivate) {
  const names = isPrivate ? ["n", "e", "d", "p", "q", "dp", "dq", "qi"] : ["n", "e"];
  const numbers = children(element(der));
  const jwk = { kty: "RSA" };
  for (let i = 0; i < names.length; i++) {
    let { content } = numbers[i + (isPrivate ? 1 : 0)];
    if (content[0] === 0 && content.length > 1) content = part(content, 1);
    jwk[names[i]] = bufferOver(content).toString("base64url");
  }
  return ofJwk(jwk);
}

function ofSec1(der) {
  const [, secret, ...rest] = children(element(der));
  let curve;
  let point;
  for (const { tag, content } of rest) {
    if (tag === 0xa0) curve = CURVES[hexOf(element(content).content)];
    if (tag === 0xa1) point = part(element(content).content, 1);
  }
  if (curve === undefined || point === undefined) throw failure("ERR_OSSL_UNSUPPORTED", "the key does not say its curve and its point");
  return made("private", "ec", curve, compute(Computations.EcImport, NUMBERS[curve], Formats.pair, joined(secret.content, point)));
}

/** The public key of a certificate. */
function ofCertificate(der) {
  const fields = children(children(element(der))[0].content);
  const first = fields[0].tag === 0xa0 ? 1 : 0;
  return ofSpki(fields[first + 5].whole);
}

const LABELS = {
  __proto__: null,
  "PUBLIC KEY": ofSpki,
  "PRIVATE KEY": ofPkcs8,
  "RSA PUBLIC KEY": (der) => ofPkcs1(der, false),
  "RSA PRIVATE KEY": (der) => ofPkcs1(der, true),
  "EC PRIVATE KEY": ofSec1,
  CERTIFICATE: ofCertificate,
};
const TYPES = {
  __proto__: null,
  spki: ofSpki,
  pkcs8: ofPkcs8,
  sec1: ofSec1,
};

function ofPem(text) {
  const match = /-----BEGIN ([A-Z0-9 ]+)-----([^-]+)-----END/.exec(text);
  if (match === null) throw failure("ERR_OSSL_UNSUPPORTED", "error:1E08010C:DECODER routines::unsupported");
  const [, label, body] = match;
  if (label === "ENCRYPTED PRIVATE KEY" || StringIncludes(body, "ENCRYPTED")) {
    throw failure("ERR_MISSING_PASSPHRASE", "keys that are encrypted with a passphrase are not available in a function");
  }
  if (LABELS[label] === undefined) throw failure("ERR_OSSL_UNSUPPORTED", `a PEM of ${label} is not known`);
  return LABELS[label](Buffer.from(body, "base64"));
}

/** A key of any kind that Node takes one in. */
function keyOf(given, wanted) {
  if (given instanceof KeyObject) return given;
  if (isKey(given)) return KeyObject.from(given);
  const isWrapped = typeof given === "object" && given !== null && given.key !== undefined && !ArrayBuffer.isView(given);
  const { key, format, type, encoding } = isWrapped ? given : { key: given };
  if (key instanceof KeyObject || isKey(key)) return keyOf(key, wanted);
  try {
    if (format === "jwk" || (isWrapped && typeof key === "object" && key.kty !== undefined)) return ofJwk(key);
    const bytes = bytesOf(key, "key", encoding);
    if (format !== "der") return ofPem(bufferOver(bytes).toString("latin1"));
    if (type === "pkcs1") return ofPkcs1(bytes, wanted === "private");
    if (TYPES[type] === undefined) throw invalidValue("options.type", type);
    return TYPES[type](bytes);
  } catch (error) {
    if (error.name !== "DataError") throw error;
    throw failure("ERR_OSSL_UNSUPPORTED", `the key cannot be read: ${error.message}`);
  }
}

export function createPrivateKey(key) {
  const found = keyOf(key, "private");
  if (found.type !== "private") throw invalidValue("key", found.type, "must be a private key");
  return found;
}

export function createPublicKey(key) {
  const found = keyOf(key, "public");
  if (found.type === "public") return found;
  if (found.type !== "private") throw invalidValue("key", found.type, "must be an asymmetric key");
  const { kind, curve, bytes } = read(found);
  if (kind === "rsa") return made("public", kind, curve, compute(Computations.RsaPublic, bytes));
  return made("public", kind, curve, new Uint8ArrayConstructor(part(bytes, SECRETS[curve] ?? 32)));
}

/** A new key object, of what the host generated. */
export function pairOf(kind, curve, bytes) {
  const privateKey = made("private", kind, curve, bytes);
  return { publicKey: createPublicKey(privateKey), privateKey };
}

/** The rule of Web Crypto, and a key's slots, with which it is written. */
function ruleOf({ type, kind, curve, bytes }) {
  const algorithm = { __proto__: null, hash: { __proto__: null, name: "SHA-256" }, name: kind, namedCurve: curve };
  const rule = { __proto__: null, rsa: RsaPkcs1, ec: Ecdsa, ed25519: Ed25519, x25519: X25519 }[kind];
  return { rule, slots: { __proto__: null, type, extractable: true, algorithm, usages: [], bytes } };
}

function written(parts, options) {
  const { format = parts.kind === undefined ? "buffer" : "pem", type } = options;
  if (parts.kind === undefined) {
    return format === "jwk" ? { kty: "oct", k: bufferOver(parts.bytes).toString("base64url") } : Buffer.from(parts.bytes);
  }
  if (options.cipher !== undefined) throw failure("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "keys are not encrypted with a passphrase in a function");
  const { rule, slots } = ruleOf(parts);
  if (format === "jwk") {
    const { key_ops, ext, alg, ...jwk } = rule.exportKey("jwk", slots);
    return jwk;
  }
  const kind = type ?? (parts.type === "public" ? "spki" : "pkcs8");
  const der = kind === "pkcs1" && parts.kind === "rsa" ? Buffer.from(parts.bytes) : kind === "sec1" ? sec1Of(parts) : Buffer.from(rule.exportKey(kind, slots));
  return format === "der" ? der : pem(kind, parts.type, der);
}

function sec1Of(parts) {
  const whole = Buffer.from(ruleOf(parts).rule.exportKey("pkcs8", ruleOf(parts).slots));
  const inner = children(element(whole))[2].content;
  return Buffer.from(inner);
}

function pem(kind, type, der) {
  const label = kind === "pkcs1" ? `RSA ${type === "public" ? "PUBLIC" : "PRIVATE"} KEY` : kind === "sec1" ? "EC PRIVATE KEY" : type === "public" ? "PUBLIC KEY" : "PRIVATE KEY";
  const lines = der.toString("base64").match(/.{1,64}/g).join("\n");
  return `-----BEGIN ${label}-----\n${StringReplaceAll(lines, "\r", "")}\n-----END ${label}-----\n`;
}
