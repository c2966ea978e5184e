// The registered algorithms of Web Crypto, and the normalisation of an algorithm and its parameters.

import { Ecdh, Ecdsa, Ed25519, X25519 } from "./crypto_curves.js";
import { Hkdf, Pbkdf2 } from "./crypto_kdf.js";
import { isKey } from "./crypto_key.js";
import { RsaOaep, RsaPkcs1, RsaPss } from "./crypto_rsa.js";
import { AesCbc, AesCtr, AesGcm, AesKw, Hmac } from "./crypto_symmetric.js";
import { bufferSource, copyOf, enforced, fail, required } from "./crypto_values.js";
import { ObjectKeys, StringConstructor, StringToLowerCase, TypedArrayName, ArrayBufferIsView } from "./primordials.js";

export const Algorithms = {
  __proto__: null,
  "RSASSA-PKCS1-v1_5": RsaPkcs1,
  "RSA-PSS": RsaPss,
  "RSA-OAEP": RsaOaep,
  ECDSA: Ecdsa,
  ECDH: Ecdh,
  Ed25519,
  X25519,
  "AES-CTR": AesCtr,
  "AES-CBC": AesCbc,
  "AES-GCM": AesGcm,
  "AES-KW": AesKw,
  HMAC: Hmac,
  HKDF: Hkdf,
  PBKDF2: Pbkdf2,
};

const U8 = 255;
const U16 = 65535;
const U32 = 4294967295;

// Members: how each is converted. They are read in this order, which is the alphabet's.
const bytes = (value, what) => copyOf(bufferSource(value, what));
const u8 = (value, what) => enforced(value, U8, what);
const u16 = (value, what) => enforced(value, U16, what);
const u32 = (value, what) => enforced(value, U32, what);
const hash = (value) => normalize(value, "digest").name;
const text = (value) => StringConstructor(value);
function key(value) {
  if (!isKey(value)) throw new TypeError("the algorithm's public key is not a CryptoKey");
  return value;
}
function bigInteger(value, what) {
  if (!ArrayBufferIsView(value) || TypedArrayName(value) !== "Uint8Array") throw new TypeError(`${what} is not a Uint8Array`);
  return bytes(value, what);
}

const optional = (convert) => ({ convert, optional: true });
const NONE = {};
const HASH = { hash };
const CURVE = { namedCurve: text };
const AES_KEY = { length: u16 };
const HMAC_KEY = { hash, length: optional(u32) };
const RSA_KEY = { hash, modulusLength: u32, publicExponent: bigInteger };
const CBC = { iv: bytes };
const CTR = { counter: bytes, length: u8 };
const GCM = { additionalData: optional(bytes), iv: bytes, tagLength: optional(u8) };
const OAEP = { label: optional(bytes) };
const HKDF = { hash, info: bytes, salt: bytes };
const PBKDF2 = { hash, iterations: u32, salt: bytes };
const PUBLIC = { public: key };

const CIPHERS = { "RSA-OAEP": OAEP, "AES-CTR": CTR, "AES-CBC": CBC, "AES-GCM": GCM };
const SIGNATURES = {
  "RSASSA-PKCS1-v1_5": NONE,
  "RSA-PSS": { saltLength: u32 },
  ECDSA: HASH,
  Ed25519: NONE,
  HMAC: NONE,
};
const WRAPPING = { "AES-KW": NONE };
const AES_LENGTHS = { "AES-CTR": AES_KEY, "AES-CBC": AES_KEY, "AES-GCM": AES_KEY, "AES-KW": AES_KEY };
const RSA_HASHES = { "RSASSA-PKCS1-v1_5": HASH, "RSA-PSS": HASH, "RSA-OAEP": HASH };

const OPERATIONS = {
  __proto__: null,
  digest: { "SHA-1": NONE, "SHA-256": NONE, "SHA-384": NONE, "SHA-512": NONE },
  encrypt: CIPHERS,
  decrypt: CIPHERS,
  sign: SIGNATURES,
  verify: SIGNATURES,
  wrapKey: WRAPPING,
  unwrapKey: WRAPPING,
  generateKey: {
    "RSASSA-PKCS1-v1_5": RSA_KEY,
    "RSA-PSS": RSA_KEY,
    "RSA-OAEP": RSA_KEY,
    ECDSA: CURVE,
    ECDH: CURVE,
    Ed25519: NONE,
    X25519: NONE,
    ...AES_LENGTHS,
    HMAC: HMAC_KEY,
  },
  importKey: {
    ...RSA_HASHES,
    ECDSA: CURVE,
    ECDH: CURVE,
    Ed25519: NONE,
    X25519: NONE,
    "AES-CTR": NONE,
    "AES-CBC": NONE,
    "AES-GCM": NONE,
    "AES-KW": NONE,
    HMAC: HMAC_KEY,
    HKDF: NONE,
    PBKDF2: NONE,
  },
  deriveBits: { ECDH: PUBLIC, X25519: PUBLIC, HKDF, PBKDF2 },
  keyLength: { ...AES_LENGTHS, HMAC: HMAC_KEY, HKDF: NONE, PBKDF2: NONE },
};

/** An algorithm as it is given: a name, or an object with one. */
function named(algorithm) {
  if (typeof algorithm !== "object" || algorithm === null) {
    if (typeof algorithm === "function") return { name: text(required(algorithm, "name")), given: algorithm };
    return { name: text(algorithm), given: { __proto__: null } };
  }
  return { name: text(required(algorithm, "name")), given: algorithm };
}

function find(table, name) {
  const names = ObjectKeys(table);
  const wanted = StringToLowerCase(name);
  for (let i = 0; i < names.length; i++) if (StringToLowerCase(names[i]) === wanted) return names[i];
  return undefined;
}

/** Whether an algorithm that is given is one for this operation. */
export function canDo(algorithm, operation) {
  return find(OPERATIONS[operation], named(algorithm).name) !== undefined;
}

/** The algorithm's own name and its parameters, converted, in an object of our own. */
export function normalize(algorithm, operation) {
  const { name: word, given } = named(algorithm);
  const table = OPERATIONS[operation];
  const name = find(table, word);
  if (name === undefined) fail("NotSupportedError", `'${word}' is not an algorithm for ${operation}`);
  const params = { __proto__: null, name };
  const members = table[name];
  const wanted = ObjectKeys(members);
  for (let i = 0; i < wanted.length; i++) {
    const member = members[wanted[i]];
    const isOptional = typeof member === "object";
    const value = isOptional ? given[wanted[i]] : required(given, wanted[i]);
    if (value !== undefined) params[wanted[i]] = (isOptional ? member.convert : member)(value, `the algorithm's ${wanted[i]}`);
  }
  return params;
}
