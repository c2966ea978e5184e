// Signatures, RSA's encryption, agreement and new keys.

import { Computations, compute, computeLater, Formats, freshSeed, says } from "../api/compute.js";
import { part } from "../api/crypto_values.js";
import { ArrayPush, TypedArrayByteLength } from "../api/primordials.js";
import { Buffer, bufferOver } from "./buffer.js";
import { bytesOf } from "./buffer_search.js";
import { encoded, hashNamed } from "./crypto_hash.js";
import { createPrivateKey, createPublicKey, pairOf, partsOf } from "./crypto_objects.js";
import { later } from "./crypto_random.js";
import { signatureFromDer, signatureToDer } from "./der.js";
import { failure, invalidValue, typeFailure } from "./errors.js";
import { stream } from "./stream.js";

const PKCS1 = 1;
const PSS = 2;
export const constants = {
  RSA_PKCS1_PADDING: 1,
  RSA_NO_PADDING: 3,
  RSA_PKCS1_OAEP_PADDING: 4,
  RSA_PKCS1_PSS_PADDING: 6,
  RSA_PSS_SALTLEN_DIGEST: -1,
  RSA_PSS_SALTLEN_MAX_SIGN: -2,
  RSA_PSS_SALTLEN_AUTO: -2,
  defaultCoreCipherList: "",
};
const DIGEST_BYTES = [0, 20, 32, 48, 64, 16];
const CURVE_NUMBERS = { __proto__: null, "P-256": 1, "P-384": 2, "P-521": 3 };
const CURVE_BYTES = { __proto__: null, "P-256": 32, "P-384": 48, "P-521": 66 };
const CURVE_NAMES = {
  __proto__: null,
  "prime256v1": "P-256",
  "secp256r1": "P-256",
  "P-256": "P-256",
  "secp384r1": "P-384",
  "P-384": "P-384",
  "secp521r1": "P-521",
  "P-521": "P-521",
};

function optionsOf(key) {
  const isOptions = typeof key === "object" && key !== null && key.key !== undefined && !ArrayBuffer.isView(key);
  return isOptions ? key : {};
}

/** The lengths of a salt to try. */
function saltsOf(options, hash, key, verifies) {
  const digest = DIGEST_BYTES[hash];
  const { modulusLength } = key.asymmetricKeyDetails;
  const most = Math.ceil((modulusLength - 1) / 8) - digest - 2;
  const given = options.saltLength ?? constants.RSA_PSS_SALTLEN_MAX_SIGN;
  if (given === constants.RSA_PSS_SALTLEN_DIGEST) return [digest];
  if (given >= 0) return [given];
  if (!verifies) return [most];
  // Any of them: the usual ones first.
  const salts = [digest, most];
  for (let length = 0; length < most; length++) if (length !== digest) ArrayPush(salts, length);
  return salts;
}

function signed(algorithm, data, given) {
  const key = createPrivateKey(given);
  const options = optionsOf(given);
  const { kind, curve, bytes } = partsOf(key);
  if (kind === "ed25519") return bufferOver(compute(Computations.EdSign, bytes, data));
  if (kind === "x25519") throw failure("ERR_CRYPTO_OPERATION_NOT_SUPPORTED", "such a key does not sign");
  const hash = hashNamed(algorithm ?? "sha256");
  if (kind === "ec") {
    const signature = compute(Computations.EcSign, CURVE_NUMBERS[curve], hash, bytes, data);
    return bufferOver(options.dsaEncoding === "ieee-p1363" ? signature : signatureToDer(signature));
  }
  const isPss = options.padding === constants.RSA_PKCS1_PSS_PADDING;
  const salt = isPss ? saltsOf(options, hash, key, false)[0] : 0;
  return bufferOver(compute(Computations.RsaSign, isPss ? PSS : PKCS1, hash, salt, freshSeed(), bytes, data));
}

function verified(algorithm, data, given, signature) {
  const key = createPublicKey(given);
  const options = optionsOf(given);
  const { kind, curve, bytes } = partsOf(key);
  if (kind === "ed25519") return says(compute(Computations.EdVerify, bytes, signature, data));
  if (kind === "x25519") throw failure("ERR_CRYPTO_OPERATION_NOT_SUPPORTED", "such a key verifies nothing");
  const hash = hashNamed(algorithm ?? "sha256");
  if (kind === "ec") {
    const plain = options.dsaEncoding === "ieee-p1363" ? signature : signatureFromDer(signature, CURVE_BYTES[curve]);
    if (plain === null || TypedArrayByteLength(plain) !== 2 * CURVE_BYTES[curve]) return false;
    return says(compute(Computations.EcVerify, CURVE_NUMBERS[curve], hash, bytes, plain, data));
  }
  const isPss = options.padding === constants.RSA_PKCS1_PSS_PADDING;
  const salts = isPss ? saltsOf(options, hash, key, true) : [0];
  return salts.some((salt) => says(compute(Computations.RsaVerify, isPss ? PSS : PKCS1, hash, salt, bytes, signature, data)));
}

function called(callback, work) {
  if (callback === undefined) return work();
  later(callback, work);
  return undefined;
}

export function sign(algorithm, data, key, callback) {
  return called(callback, () => signed(algorithm, bytesOf(data, "data"), key));
}

export function verify(algorithm, data, key, signature, callback) {
  return called(callback, () => verified(algorithm, bytesOf(data, "data"), key, bytesOf(signature, "signature")));
}

/** Keeps what is to be signed: it is hashed by the host, once. */
class Collecting extends stream.Writable {
  #chunks = [];
  #algorithm;
  constructor(algorithm, options) {
    super(options);
    hashNamed(algorithm);
    this.#algorithm = algorithm;
  }
  _write(chunk, encoding, done) {
    this.update(chunk, encoding);
    done();
  }
  update(data, encoding) {
    ArrayPush(this.#chunks, Buffer.from(bytesOf(data, "data", encoding)));
    return this;
  }
  collected() {
    return [this.#algorithm, Buffer.concat(this.#chunks)];
  }
}

export class Sign extends Collecting {
  sign(key, encoding) {
    const [algorithm, data] = this.collected();
    return encoded(signed(algorithm, data, key), encoding);
  }
}

export class Verify extends Collecting {
  verify(key, signature, encoding) {
    const [algorithm, data] = this.collected();
    return verified(algorithm, data, key, bytesOf(signature, "signature", encoding));
  }
}

export const createSign = (algorithm, options) => new Sign(algorithm, options);
export const createVerify = (algorithm, options) => new Verify(algorithm, options);

function oaep(key) {
  const { padding = constants.RSA_PKCS1_OAEP_PADDING, oaepHash = "sha1", oaepLabel } = optionsOf(key);
  if (padding !== constants.RSA_PKCS1_OAEP_PADDING) {
    throw failure("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "of RSA's encryptions a function has OAEP: set padding to RSA_PKCS1_OAEP_PADDING");
  }
  return [hashNamed(oaepHash), freshSeed(), oaepLabel === undefined ? Buffer.alloc(0) : bytesOf(oaepLabel, "oaepLabel")];
}

export function publicEncrypt(key, data) {
  return bufferOver(compute(Computations.RsaEncrypt, ...oaep(key), partsOf(createPublicKey(key)).bytes, bytesOf(data, "buffer")));
}

export function privateDecrypt(key, data) {
  return bufferOver(compute(Computations.RsaDecrypt, ...oaep(key), partsOf(createPrivateKey(key)).bytes, bytesOf(data, "buffer")));
}

function frameOf(type, options) {
  const okp = { __proto__: null, ed25519: 1, x25519: 2 }[type];
  if (okp !== undefined) return { frame: [Computations.OkpImport, okp, Formats.pair, freshSeed()] };
  if (type === "ec") {
    const curve = CURVE_NAMES[options?.namedCurve];
    if (curve === undefined) throw typeFailure("ERR_CRYPTO_INVALID_CURVE", `Invalid EC curve name: ${options?.namedCurve}`);
    return { curve, frame: [Computations.EcGenerate, CURVE_NUMBERS[curve], freshSeed()] };
  }
  if (type !== "rsa") throw invalidValue("type", type, "must be 'rsa', 'ec', 'ed25519' or 'x25519'");
  return { frame: [Computations.RsaGenerate, options.modulusLength, options.publicExponent ?? 65537, freshSeed()] };
}

function finished(type, curve, bytes, options) {
  const pair = pairOf(type, curve, bytes);
  const as = (key, encoding) => (encoding === undefined ? key : key.export(encoding));
  return { publicKey: as(pair.publicKey, options?.publicKeyEncoding), privateKey: as(pair.privateKey, options?.privateKeyEncoding) };
}

export function generateKeyPairSync(type, options) {
  const { curve, frame } = frameOf(type, options);
  return finished(type, curve, compute(...frame), options);
}

export function generateKeyPair(type, options, callback) {
  const { curve, frame } = frameOf(type, options);
  computeLater(
    (bytes) => {
      const { publicKey, privateKey } = finished(type, curve, bytes, options);
      callback(null, publicKey, privateKey);
    },
    callback,
    ...frame,
  );
}

/** What two keys come to. */
export function diffieHellman({ privateKey, publicKey }) {
  const own = partsOf(privateKey);
  const other = partsOf(publicKey);
  if (own.kind !== other.kind || own.curve !== other.curve) throw failure("ERR_CRYPTO_INCOMPATIBLE_KEY", "Incompatible key types");
  if (own.kind === "x25519") return bufferOver(compute(Computations.XDerive, own.bytes, other.bytes));
  return bufferOver(compute(Computations.EcDerive, CURVE_NUMBERS[own.curve], own.bytes, other.bytes));
}

export class ECDH {
  #curve;
  #bytes = null;
  constructor(name) {
    this.#curve = CURVE_NAMES[name];
    if (this.#curve === undefined) throw typeFailure("ERR_CRYPTO_INVALID_CURVE", `Invalid EC curve name: ${name}`);
  }
  #number() {
    return CURVE_NUMBERS[this.#curve];
  }
  #own() {
    if (this.#bytes === null) throw failure("ERR_CRYPTO_ECDH_INVALID_PRIVATE_KEY", "there is no private key yet");
    return this.#bytes;
  }
  generateKeys(encoding, format) {
    this.#bytes = compute(Computations.EcGenerate, this.#number(), freshSeed());
    return this.getPublicKey(encoding, format);
  }
  getPrivateKey(encoding) {
    return encoded(part(this.#own(), 0, CURVE_BYTES[this.#curve]), encoding);
  }
  getPublicKey(encoding, format = "uncompressed") {
    const point = Buffer.from(part(this.#own(), CURVE_BYTES[this.#curve]));
    const half = (point.length - 1) / 2;
    if (format !== "compressed") return encoded(point, encoding);
    return encoded(Buffer.concat([Buffer.from([2 + (point[point.length - 1] & 1)]), point.subarray(1, 1 + half)]), encoding);
  }
  computeSecret(other, inputEncoding, outputEncoding) {
    const point = compute(Computations.EcImport, this.#number(), Formats.raw, bytesOf(other, "otherPublicKey", inputEncoding));
    return encoded(compute(Computations.EcDerive, this.#number(), this.#own(), point), outputEncoding);
  }
}
export const createECDH = (name) => new ECDH(name);
export const getCurves = () => ["prime256v1", "secp384r1", "secp521r1"];
