// node:stream, node:stream/promises, node:stream/consumers and node:stream/web: readable-stream's, with what leads to the web's
// streams and back.

import { Buffer } from "./buffer.js";
import * as buffer from "./buffer.js";
import * as events from "./events.js";
import * as events_await from "./events_await.js";
import { ObjectAssign } from "./language.js";
import { process } from "./process.js";
import { StringDecoder } from "./string_decoder.js";
import { load } from "./vendor.js";

const { AbortController, AbortSignal, Blob, ReadableStream, TextDecoder, WritableStream } = globalThis;

const MODULES = {
  __proto__: null,
  "node:buffer": buffer,
  "node:events": ObjectAssign(events.EventEmitter, events, events_await),
  "node:process": process,
  "node:string_decoder": { StringDecoder },
  "mayfly:abort": { AbortController, AbortSignal },
};

const loaded = load((name) => MODULES[name]);
export const stream = loaded.stream;
export const punycode = loaded.punycode;

const { Duplex, Readable, Writable, finished } = stream;

/** A stream of the web's out of one of Node's. */
Readable.toWeb = (readable) => {
  const objects = readable.readableObjectMode;
  return new ReadableStream({
    start(controller) {
      readable.pause();
      readable.on("data", (chunk) => {
        controller.enqueue(objects || !(chunk instanceof Uint8Array) ? chunk : new Uint8Array(chunk));
        if (controller.desiredSize <= 0) readable.pause();
      });
      finished(readable, { writable: false }, (error) => {
        try {
          if (error) controller.error(error);
          else controller.close();
        } catch {
          // It was cancelled.
        }
      });
    },
    pull: () => readable.resume(),
    cancel: (reason) => readable.destroy(reason),
  });
};

Readable.fromWeb = (web, options = {}) => {
  const reader = web.getReader();
  return new Readable({
    ...options,
    read() {
      reader.read().then(
        ({ done, value }) => this.push(done ? null : value instanceof Uint8Array && !options.objectMode ? Buffer.from(value) : value),
        (error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      reader.cancel(error).then(() => done(error), () => done(error));
    },
  });
};

Writable.toWeb = (writable) =>
  new WritableStream({
    write: (chunk) => new Promise((resolve, reject) => writable.write(chunk, (error) => (error ? reject(error) : resolve()))),
    close: () => new Promise((resolve, reject) => writable.end((error) => (error ? reject(error) : resolve()))),
    abort: (reason) => writable.destroy(reason),
  });

Writable.fromWeb = (web, options = {}) => {
  const writer = web.getWriter();
  const told = (promise, done) => promise.then(() => done(), (error) => done(error));
  return new Writable({
    ...options,
    write: (chunk, _, done) => told(writer.write(chunk), done),
    final: (done) => told(writer.close(), done),
    destroy: (error, done) => (error ? told(writer.abort(error), () => done(error)) : done(null)),
  });
};

Duplex.toWeb = (duplex) => ({ readable: Readable.toWeb(duplex), writable: Writable.toWeb(duplex) });
Duplex.fromWeb = ({ readable, writable }, options) =>
  Duplex.from({ readable: Readable.fromWeb(readable, options), writable: Writable.fromWeb(writable, options) });

async function bytes(source) {
  const chunks = [];
  for await (const chunk of source) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks);
}

async function text(source) {
  return new TextDecoder().decode(await bytes(source));
}

export const consumers = {
  text,
  buffer: bytes,
  bytes: async (source) => new Uint8Array(await bytes(source)),
  json: async (source) => JSON.parse(await text(source)),
  blob: async (source) => new Blob([await bytes(source)]),
  async arrayBuffer(source) {
    return new Uint8Array(await bytes(source)).buffer;
  },
};

const WEB = [
  "ReadableStream",
  "ReadableStreamDefaultReader",
  "ReadableStreamBYOBReader",
  "ReadableStreamBYOBRequest",
  "ReadableByteStreamController",
  "ReadableStreamDefaultController",
  "TransformStream",
  "TransformStreamDefaultController",
  "WritableStream",
  "WritableStreamDefaultController",
  "WritableStreamDefaultWriter",
  "ByteLengthQueuingStrategy",
  "CountQueuingStrategy",
  "TextEncoderStream",
  "TextDecoderStream",
  "CompressionStream",
  "DecompressionStream",
];
export const web = {};
for (const name of WEB) web[name] = globalThis[name];
