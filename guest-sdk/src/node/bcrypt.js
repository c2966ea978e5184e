// What the packages bcrypt and bcryptjs have, computed by the host: in JavaScript a hash takes seconds.

import { Computations, compute, computeLater, freshSeed } from "../api/compute.js";
import { part } from "../api/crypto_values.js";
import { deferred, StringSlice } from "../api/primordials.js";
import { Buffer } from "./buffer.js";
import { timingSafeEqual } from "./crypto_random.js";

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const OWN = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SALT = /^\$(2[abxy]?)\$(\d\d)\$([./A-Za-z0-9]{22})/;
const SALT_BYTES = 16;
const HASH_BYTES = 23;
const ROUNDS = 10;
const PASSWORD_BYTES_MAX = 72;

function translated(text, from, to) {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const at = from.indexOf(text[i]);
    if (at >= 0) out += to[at];
  }
  return out;
}

const encode = (bytes) => translated(Buffer.from(bytes).toString("base64"), STANDARD, OWN);
const decode = (text) => Buffer.from(translated(text, OWN, STANDARD), "base64");

function saltOf(rounds = ROUNDS) {
  if (typeof rounds !== "number") throw new Error(`Illegal arguments: ${typeof rounds}`);
  const cost = rounds < 4 ? 4 : rounds > 31 ? 31 : rounds;
  return `$2b$${cost < 10 ? "0" : ""}${cost}$${encode(part(freshSeed(), 0, SALT_BYTES))}`;
}

/** What the host is asked, and what its answer becomes. */
function asked(password, saltOrRounds) {
  const salt = typeof saltOrRounds === "number" ? saltOf(saltOrRounds) : saltOrRounds;
  const isPassword = typeof password === "string" || password instanceof Uint8Array;
  if (!isPassword || typeof salt !== "string") throw new Error(`Illegal arguments: ${typeof password}, ${typeof salt}`);
  const match = SALT.exec(salt);
  if (match === null) throw new Error(`Invalid salt: ${salt}`);
  const [head, , cost, text] = match;
  const frame = [Computations.Bcrypt, Buffer.from(password), decode(text), +cost];
  return { frame, finish: (bytes) => head + encode(part(bytes, 0, HASH_BYTES)) };
}

function same(a, b) {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

export function hashSync(password, salt = ROUNDS) {
  const { frame, finish } = asked(password, salt);
  return finish(compute(...frame));
}

function later(callback, work) {
  const { promise, resolve, reject } = deferred();
  try {
    work(resolve, reject);
  } catch (error) {
    reject(error);
  }
  if (typeof callback !== "function") return promise;
  promise.then((value) => callback(null, value), callback);
  return undefined;
}

export function hash(password, salt, callback) {
  if (typeof salt === "function") return hash(password, ROUNDS, salt);
  return later(callback, (resolve, reject) => {
    const { frame, finish } = asked(password, salt ?? ROUNDS);
    computeLater((bytes) => resolve(finish(bytes)), reject, ...frame);
  });
}

export function compareSync(password, known) {
  if (typeof known !== "string") throw new Error(`Illegal arguments: ${typeof password}, ${typeof known}`);
  return known.length === 60 && same(hashSync(password, StringSlice(known, 0, 29)), known);
}

export function compare(password, known, callback) {
  return later(callback, (resolve, reject) => {
    if (typeof known !== "string") throw new Error(`Illegal arguments: ${typeof password}, ${typeof known}`);
    if (known.length !== 60) return resolve(false);
    return hash(password, StringSlice(known, 0, 29)).then((made) => resolve(same(made, known)), reject);
  });
}

export function genSaltSync(rounds) {
  return saltOf(rounds);
}

export function genSalt(rounds, seed, callback) {
  const given = [rounds, seed, callback].find((value) => typeof value === "function");
  return later(given, (resolve) => resolve(saltOf(typeof rounds === "number" ? rounds : ROUNDS)));
}

export function getRounds(known) {
  return +known.split("$")[2];
}

export function getSalt(known) {
  if (known.length !== 60) throw new Error(`Illegal hash length: ${known.length} != 60`);
  return StringSlice(known, 0, 29);
}

export function truncates(password) {
  return Buffer.byteLength(password) > PASSWORD_BYTES_MAX;
}

export const encodeBase64 = (bytes, length) => encode(part(Buffer.from(bytes), 0, length));
export const decodeBase64 = (text, length) => [...decode(text).subarray(0, length)];
export function setRandomFallback() {}
