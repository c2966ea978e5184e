// node:zlib over the host's codecs: gzip, deflate and raw deflate, at once, later, and as streams.

import { Computations, compute } from "../api/compute.js";
import { codec } from "../api/compression.js";
import { ArrayPush, TypedArrayByteLength } from "../api/primordials.js";
import { part } from "../api/crypto_values.js";
import { Buffer } from "./buffer.js";
import { bytesOf } from "./buffer_search.js";
import { failure, rangeFailure, requireFunction } from "./errors.js";
import { process } from "./process.js";
import { stream } from "./stream.js";

const GZIP = 1;
const DEFLATE = 2;
const RAW = 3;
const PIECE_BYTES = 1 << 16;
const DEFAULT_LEVEL = 6;

function levelOf(options) {
  const level = options?.level ?? DEFAULT_LEVEL;
  if (!(level >= -1 && level <= 9)) throw rangeFailure("ERR_OUT_OF_RANGE", `The value of "options.level" is out of range. Received ${level}`);
  return level < 0 ? DEFAULT_LEVEL : level;
}

function compressor(format, options) {
  const level = levelOf(options);
  return codec(() => compute(Computations.CompressorOpen, format, level), Computations.Compress);
}

function decompressor(format) {
  return codec(() => compute(Computations.DecompressorOpen, format), Computations.Decompress);
}

function dataError(error) {
  const told = failure("Z_DATA_ERROR", error.message);
  told.errno = -3;
  return told;
}

/** What comes of some bytes; `give` gets each piece. */
function feed(running, bytes, last, give) {
  const length = TypedArrayByteLength(bytes);
  let at = 0;
  for (;;) {
    const end = Math.min(at + PIECE_BYTES, length);
    let step;
    try {
      step = running.step(part(bytes, at, end), last && end === length);
    } catch (error) {
      throw dataError(error);
    }
    at += step.taken;
    if (TypedArrayByteLength(step.out) > 0) give(Buffer.from(step.out));
    if (running.ended || (step.isIdle && at === length)) return;
  }
}

function whole(running, decompresses, data, options) {
  const pieces = [];
  let total = 0;
  const max = options?.maxOutputLength ?? Infinity;
  try {
    feed(running, bytesOf(data, "buffer"), true, (piece) => {
      total += piece.length;
      if (total > max) throw rangeFailure("ERR_BUFFER_TOO_LARGE", `Cannot create a Buffer larger than ${max} bytes`);
      ArrayPush(pieces, piece);
    });
    if (decompresses && !running.ended) {
      const cut = failure("Z_BUF_ERROR", "unexpected end of file");
      cut.errno = -5;
      throw cut;
    }
    return Buffer.concat(pieces);
  } finally {
    running.close();
  }
}

/** Gzip or deflate, as the first bytes say. */
function sniffed(bytes) {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? GZIP : DEFLATE;
}

class Codec extends stream.Transform {
  #running;
  #open;
  #decompresses;
  bytesWritten = 0;
  constructor(open, decompresses, options) {
    super(options);
    this.#open = open;
    this.#decompresses = decompresses;
  }
  _transform(chunk, encoding, done) {
    const bytes = bytesOf(chunk, "chunk", encoding);
    this.bytesWritten += TypedArrayByteLength(bytes);
    this.#feed(bytes, false, done);
  }
  _flush(done) {
    if (this.#running === undefined && this.#decompresses) return done();
    this.#feed(Buffer.alloc(0), true, (error) => {
      if (!error && this.#decompresses && !this.#running.ended) return done(failure("Z_BUF_ERROR", "unexpected end of file"));
      this.#running.close();
      return done(error);
    });
  }
  #feed(bytes, last, done) {
    try {
      this.#running ??= this.#open(bytes);
      if (!(this.#running.ended && TypedArrayByteLength(bytes) === 0)) feed(this.#running, bytes, last, (piece) => this.push(piece));
    } catch (error) {
      done(error);
      return;
    }
    done();
  }
  flush(kind, callback) {
    (typeof kind === "function" ? kind : callback)?.();
  }
  close(callback) {
    this.destroy();
    if (callback) process.nextTick(callback);
  }
}

function kind(name, open, decompresses) {
  const named = { [name]: class extends Codec {
    constructor(options) {
      super((first) => open(first, options), decompresses, options);
    }
  } }[name];
  const sync = (data, options) => whole(open(bytesOf(data, "buffer"), options), decompresses, data, options);
  const later = (data, options, callback) => {
    const done = requireFunction(typeof options === "function" ? options : callback, "callback");
    const settings = typeof options === "function" ? undefined : options;
    process.nextTick(() => {
      let result;
      try {
        result = sync(data, settings);
      } catch (error) {
        done(error);
        return;
      }
      done(null, result);
    });
  };
  return { Class: named, sync, later, create: (options) => new named(options) };
}

const KINDS = {
  Gzip: kind("Gzip", (_, options) => compressor(GZIP, options), false),
  Gunzip: kind("Gunzip", () => decompressor(GZIP), true),
  Deflate: kind("Deflate", (_, options) => compressor(DEFLATE, options), false),
  Inflate: kind("Inflate", () => decompressor(DEFLATE), true),
  DeflateRaw: kind("DeflateRaw", (_, options) => compressor(RAW, options), false),
  InflateRaw: kind("InflateRaw", () => decompressor(RAW), true),
  Unzip: kind("Unzip", (first) => decompressor(sniffed(first)), true),
};

export const constants = {
  Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4, Z_BLOCK: 5,
  Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2, Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4, Z_BUF_ERROR: -5,
  Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1,
  Z_FILTERED: 1, Z_HUFFMAN_ONLY: 2, Z_RLE: 3, Z_FIXED: 4, Z_DEFAULT_STRATEGY: 0,
  Z_MIN_WINDOWBITS: 8, Z_MAX_WINDOWBITS: 15, Z_DEFAULT_WINDOWBITS: 15, Z_MIN_CHUNK: 64, Z_DEFAULT_CHUNK: 16384,
  Z_MIN_MEMLEVEL: 1, Z_MAX_MEMLEVEL: 9, Z_DEFAULT_MEMLEVEL: 8, Z_MIN_LEVEL: -1, Z_MAX_LEVEL: 9, Z_DEFAULT_LEVEL: -1,
};

const TABLE = (() => {
  const table = [];
  for (let n = 0; n < 256; n++) {
    let value = n;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    ArrayPush(table, value >>> 0);
  }
  return table;
})();

function crc32(data, value = 0) {
  const bytes = bytesOf(data, "data");
  let crc = ~value;
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

export const zlib = { ...constants, constants, codes: constants, crc32 };
for (const name in KINDS) {
  const { Class, sync, later, create } = KINDS[name];
  const method = name[0].toLowerCase() + name.slice(1);
  zlib[name] = Class;
  zlib[method] = later;
  zlib[`${method}Sync`] = sync;
  zlib[`create${name}`] = create;
}
