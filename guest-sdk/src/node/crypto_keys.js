// Key derivation: pbkdf2, hkdf and scrypt.

import { Computations, compute, computeLater } from "../api/compute.js";
import { ArrayPush, ReflectApply, TypedArrayBuffer } from "../api/primordials.js";
import { bufferOver } from "./buffer.js";
import { bytesOf } from "./buffer_search.js";
import { hashNamed } from "./crypto_hash.js";
import { later } from "./crypto_random.js";
import { rangeFailure, requireFunction, requireInteger } from "./errors.js";

const LENGTH_MAX = 0x7fffffff;
const SCRYPT_BYTES_MAX = 32 << 20;

/** Calls back when the host has done it, while the invocation goes on. */
function inBackground(frame, callback, finish) {
  requireFunction(callback, "callback");
  const failed = (error) =>
    later(callback, () => {
      throw error;
    });
  const all = [(bytes) => later(callback, () => finish(bytes)), failed];
  for (let i = 0; i < frame.length; i++) ArrayPush(all, frame[i]);
  ReflectApply(computeLater, undefined, all);
}

const atOnce = (frame, finish) => finish(ReflectApply(compute, undefined, frame));

function pbkdf2Frame(password, salt, iterations, length, digest) {
  return [
    Computations.Pbkdf2,
    hashNamed(digest),
    bytesOf(password, "password"),
    bytesOf(salt, "salt"),
    requireInteger(iterations, "iterations", 1, LENGTH_MAX),
    requireInteger(length, "keylen", 0, LENGTH_MAX),
  ];
}

export function pbkdf2Sync(password, salt, iterations, length, digest) {
  return atOnce(pbkdf2Frame(password, salt, iterations, length, digest), bufferOver);
}

export function pbkdf2(password, salt, iterations, length, digest, callback) {
  inBackground(pbkdf2Frame(password, salt, iterations, length, digest), callback, bufferOver);
}

function hkdfFrame(digest, key, salt, info, length) {
  return [
    Computations.Hkdf,
    hashNamed(digest),
    bytesOf(key, "ikm"),
    bytesOf(salt, "salt"),
    bytesOf(info, "info"),
    requireInteger(length, "length", 0, LENGTH_MAX),
  ];
}

export function hkdfSync(digest, key, salt, info, length) {
  return atOnce(hkdfFrame(digest, key, salt, info, length), TypedArrayBuffer);
}

export function hkdf(digest, key, salt, info, length, callback) {
  inBackground(hkdfFrame(digest, key, salt, info, length), callback, TypedArrayBuffer);
}

function logarithm(cost) {
  for (let log = 1; log < 31; log++) if (2 ** log === cost) return log;
  throw rangeFailure("ERR_CRYPTO_INVALID_SCRYPT_PARAMS", "Invalid scrypt params: N is a power of two");
}

function scryptFrame(password, salt, length, options) {
  const cost = options?.N ?? options?.cost ?? 16384;
  const r = requireInteger(options?.r ?? options?.blockSize ?? 8, "r", 1, LENGTH_MAX);
  const p = requireInteger(options?.p ?? options?.parallelization ?? 1, "p", 1, LENGTH_MAX);
  if (128 * r * (cost + 2 + p) > (options?.maxmem ?? SCRYPT_BYTES_MAX)) {
    throw rangeFailure("ERR_CRYPTO_INVALID_SCRYPT_PARAMS", "Invalid scrypt params: memory limit exceeded");
  }
  const size = requireInteger(length, "keylen", 0, LENGTH_MAX);
  return [Computations.Scrypt, bytesOf(password, "password"), bytesOf(salt, "salt"), logarithm(cost), r, p, size];
}

export function scryptSync(password, salt, length, options) {
  return atOnce(scryptFrame(password, salt, length, options), bufferOver);
}

export function scrypt(password, salt, length, options, callback) {
  if (typeof options === "function") return scrypt(password, salt, length, undefined, options);
  inBackground(scryptFrame(password, salt, length, options), callback, bufferOver);
  return undefined;
}
