// CompressionStream and DecompressionStream: the host has the codec, one side is written, the other read.

import { Computations, compute, numberOf } from "./compute.js";
import { bufferSource, part } from "./crypto_values.js";
import { adoptable, exposeInterface, following, TypedArrayByteLength, Uint8ArrayConstructor } from "./primordials.js";
import { createTransform, enqueueTransformed } from "./streams_transform.js";
import { readableObject } from "./streams_readable.js";
import { writableObject } from "./streams_writable.js";

const FORMATS = { __proto__: null, gzip: 1, deflate: 2, "deflate-raw": 3 };
const LEVEL = 6;
const PIECE_BYTES = 1 << 16;
// Before what came out stand how much was taken (4 bytes), whether nothing more comes of it, whether the stream has ended.
const HEAD_BYTES = 6;
const NOTHING = new Uint8ArrayConstructor(0);

/** A codec on the host, opened when it is first needed. */
export function codec(open, step) {
  let state = null;
  return {
    __proto__: null,
    ended: false,
    step(bytes, last) {
      state ??= numberOf(open());
      const answer = compute(step, state, last ? 1 : 0, bytes);
      this.ended = answer[5] === 1;
      return {
        __proto__: null,
        taken: numberOf(answer),
        isIdle: answer[4] === 1,
        out: part(answer, HEAD_BYTES),
      };
    },
    close() {
      if (state !== null) compute(Computations.Close, state);
      state = null;
    },
  };
}

/** Puts all that comes of some bytes on the readable side, as fast as they are taken from there. */
async function pump(stream, codec, bytes, last) {
  const length = TypedArrayByteLength(bytes);
  let at = 0;
  for (;;) {
    const end = at + PIECE_BYTES < length ? at + PIECE_BYTES : length;
    const { taken, isIdle, out } = codec.step(part(bytes, at, end), last && end === length);
    at += taken;
    // A copy: the frame's head before it must not be reachable through its buffer.
    if (TypedArrayByteLength(out) > 0) enqueueTransformed(stream, new Uint8ArrayConstructor(out));
    if (codec.ended || (isIdle && at === length)) return length - at;
    if (stream.backpressure && stream.readable.state === "readable") await adoptable(stream.change.promise);
  }
}

function algorithms(codec, decompresses, find) {
  const transform = async (chunk) => {
    const bytes = bufferSource(chunk, "a chunk");
    if (codec.ended && TypedArrayByteLength(bytes) > 0) throw new TypeError("there is data after the end of what is compressed");
    if (TypedArrayByteLength(bytes) === 0) return;
    const left = await adoptable(pump(find(), codec, bytes, false));
    if (left > 0) throw new TypeError("there is data after the end of what is compressed");
  };
  const flush = async () => {
    if (!decompresses) await adoptable(pump(find(), codec, NOTHING, true));
    else if (!codec.ended) throw new TypeError("the compressed data is cut short");
    codec.close();
  };
  const cancel = () => {
    codec.close();
    return following(undefined);
  };
  return { __proto__: null, transform, flush, cancel };
}

function makeStream(codec, decompresses) {
  const stream = createTransform(null, 1, () => 1, 0, () => 1);
  stream.algorithms = algorithms(codec, decompresses, () => stream);
  stream.started.resolve(undefined);
  return stream;
}

function formatOf(value) {
  const format = FORMATS[`${value}`];
  if (format === undefined) throw new TypeError(`'${value}' is not a format of compression`);
  return format;
}

class CompressionStream {
  #stream;
  constructor(format) {
    const number = formatOf(format);
    const open = () => compute(Computations.CompressorOpen, number, LEVEL);
    this.#stream = makeStream(codec(open, Computations.Compress), false);
  }
  get readable() {
    return readableObject(this.#stream.readable);
  }
  get writable() {
    return writableObject(this.#stream.writable);
  }
}

class DecompressionStream {
  #stream;
  constructor(format) {
    const number = formatOf(format);
    const open = () => compute(Computations.DecompressorOpen, number);
    this.#stream = makeStream(codec(open, Computations.Decompress), true);
  }
  get readable() {
    return readableObject(this.#stream.readable);
  }
  get writable() {
    return writableObject(this.#stream.writable);
  }
}

exposeInterface(CompressionStream, "CompressionStream");
exposeInterface(DecompressionStream, "DecompressionStream");
