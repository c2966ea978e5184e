// Body: what Request and Response share, a body that can be read once. It stays what it was given as until the
// stream is asked for.

import { blobData, blobOf, bytesStream, decodeText, joinBytes } from "./blob.js";
import { deserialize, serialize } from "./clone.js";
import { decodeMultipart, decodeUrlEncoded, encodeMultipart, isFormData } from "./form_data.js";
import { host } from "./host.js";
import { headerMime, mimeParameter, writeMime } from "./mime.js";
import { acquireReader, DEFAULT, ERRORED, isReadableLocked, readableCancel, readChunk } from "./streams_readable_core.js";
import { readableObject, readableOf, teeReadable } from "./streams_readable.js";
import { isSearchParams, searchParamsText } from "./url_search_params.js";
import {
  ArrayBufferIsView,
  ArrayPush,
  copyBytes,
  deferred,
  JSONParse,
  ObjectDefineProperty,
  rejected,
  resolved,
  StringStartsWith,
  StringSlice,
  StringToWellFormed,
  TypedArrayBuffer,
  TypedArrayByteLength,
  TypedArrayByteOffset,
  TypedArrayName,
  viewOf,
} from "./primordials.js";

/**
 * A body's source is `null`, a string (its lone surrogates are replaced when it is read), a `Uint8Array` that is held
 * nowhere else, `INCOMING` for the one that the host keeps until it is asked for, or the record of a readable stream.
 */
export const INCOMING = Symbol("incoming");
const TEXT = "text/plain;charset=UTF-8";
const FORM = "application/x-www-form-urlencoded;charset=UTF-8";

/** What `new Request` and `new Response` make of their body argument: the source, and the content type it implies. */
export function extractBody(init) {
  if (typeof init === "string") return { __proto__: null, source: init, type: TEXT };
  if (init === null || init === undefined) return { __proto__: null, source: null, type: null };
  if (typeof init === "object") {
    const view = viewOf(init);
    if (view !== null) return { __proto__: null, source: ownBytes(view), type: null };
    const extracted = extractObject(init);
    if (extracted !== null) return extracted;
  }
  return { __proto__: null, source: StringToWellFormed(`${init}`), type: TEXT };
}

function extractObject(init) {
  if (isSearchParams(init)) return { __proto__: null, source: searchParamsText(init), type: FORM };
  const blob = blobData(init);
  if (blob !== undefined) return { __proto__: null, source: ownBytes(blob.bytes), type: blob.type === "" ? null : blob.type };
  if (isFormData(init)) {
    const { bytes, boundary } = encodeMultipart(init);
    return { __proto__: null, source: bytes, type: `multipart/form-data; boundary=${boundary}` };
  }
  const stream = readableOf(init);
  if (stream === undefined) return null;
  if (stream.disturbed || isReadableLocked(stream)) throw new TypeError("The stream has been read, or is being read");
  return { __proto__: null, source: stream, type: null };
}

/** A copy of the bytes in memory of its own. */
function ownBytes(view) {
  const length = TypedArrayByteLength(view);
  return new Uint8Array(copyBytes(TypedArrayBuffer(view), TypedArrayByteOffset(view), length));
}

/** Whether a source is a stream's record. */
export function isStream(source) {
  return typeof source === "object" && source !== null && !ArrayBufferIsView(source);
}

/** The record of a body that was read before anybody asked for it. */
export function readBody() {
  return { __proto__: null, isBody: true, source: EMPTY, used: true };
}

/** The record of a body. */
export function newBody(source) {
  return { __proto__: null, isBody: true, source, used: false };
}

/** Whether this is a body's record, and not a source. */
export function isBody(value) {
  return typeof value === "object" && value !== null && !ArrayBufferIsView(value) && value.isBody === true;
}

/** Whether reading it has begun. */
export function isDisturbed(body) {
  return body.used || (isStream(body.source) && body.source.disturbed);
}

export function isUnusable(body) {
  return body.used || (isStream(body.source) && (body.source.disturbed || isReadableLocked(body.source)));
}

/** The body as a stream's record; from then on that is what it is. */
export function streamOf(body) {
  if (!isStream(body.source)) {
    const bytes = body.used ? new Uint8Array(0) : wholeBytes(body.source);
    const stream = bytesStream(bytes);
    // What was read before the stream was asked for is over.
    if (body.used) {
      stream.disturbed = true;
      acquireReader(stream, DEFAULT);
    }
    body.source = stream;
  }
  return body.source;
}

/** The body, taken: the object counts as read. */
export function takeSource(body) {
  if (isUnusable(body)) throw unusable();
  const { source } = body;
  if (source === null) return null;
  body.used = true;
  body.source = EMPTY;
  return source;
}

const EMPTY = new Uint8Array(0);

function unusable() {
  return new TypeError("The body has been read already, or is being read");
}

/** A second body with the same content; both can be read. */
export function cloneBody(body) {
  if (isUnusable(body)) throw new TypeError("A body that has been read, or is being read, cannot be cloned");
  if (body.source === INCOMING) body.source = wholeBytes(INCOMING);
  const { source } = body;
  if (isStream(source)) {
    const branches = teeReadable(source, copyChunk);
    body.source = branches[0];
    return newBody(branches[1]);
  }
  return newBody(source === null || typeof source === "string" ? source : ownBytes(source));
}

function copyChunk(chunk) {
  return deserialize(serialize(chunk, [])).value;
}

/** A body for another object, which takes over what this one has. */
export function passBody(body) {
  if (isUnusable(body)) throw unusable();
  if (body.source === null) return newBody(null);
  const passed = newBody(body.source);
  if (isStream(body.source)) {
    const branches = teeReadable(body.source, undefined);
    readableCancel(branches[0], undefined);
    passed.source = branches[1];
  }
  body.used = true;
  if (!isStream(body.source)) body.source = EMPTY;
  return passed;
}

/** All of a source that is no stream. */
export function wholeBytes(source) {
  if (source === INCOMING) return new Uint8Array(host.bodyBytes());
  if (source === null) return new Uint8Array(0);
  if (typeof source === "string") return new Uint8Array(host.utf8Encode(source));
  return source;
}

/**
 * Reads all that a stream has, and gives it to `done` as one array. No promise of the platform's is settled with it on the
 * way, since that would look up `then` on it.
 */
export function collect(stream, done, failed) {
  const reader = acquireReader(stream, DEFAULT);
  const chunks = [];
  let reading = false;
  let answered = false;
  const request = {
    __proto__: null,
    chunk(chunk) {
      if (!ArrayBufferIsView(chunk) || TypedArrayName(chunk) !== "Uint8Array") {
        failed(new TypeError("A body's stream has chunks that are Uint8Arrays"));
        return;
      }
      ArrayPush(chunks, ownBytes(chunk));
      answered = true;
      if (!reading) next();
    },
    close: () => done(joinBytes(chunks)),
    error: failed,
  };
  // Chunks that are there already come at once: a loop, so that a long queue is no deep stack.
  const next = () => {
    reading = true;
    do {
      answered = false;
      readChunk(reader, request);
    } while (answered);
    reading = false;
  };
  next();
}

/** Reads the whole body: `read` gets a string, bytes or `INCOMING`. */
function consume(body, read) {
  // Why it broke says more than that it has been read.
  if (isStream(body.source) && body.source.state === ERRORED) return rejected(body.source.storedError);
  if (isUnusable(body)) return rejected(unusable());
  const { source } = body;
  if (isStream(source)) return consumeStream(source, read);
  if (source !== null) {
    body.used = true;
    body.source = EMPTY;
  }
  try {
    return resolved(read(source === null ? new Uint8Array(0) : source));
  } catch (error) {
    return rejected(error);
  }
}

function consumeStream(stream, read) {
  const { promise, resolve, reject } = deferred();
  const done = (bytes) => {
    try {
      resolve(read(bytes));
    } catch (error) {
      reject(error);
    }
  };
  collect(stream, done, reject);
  return promise;
}

function readText(source) {
  if (source === INCOMING) return host.bodyText();
  return typeof source === "string" ? StringToWellFormed(source) : decodeText(source);
}

function readJson(source) {
  if (source === INCOMING) {
    const value = host.bodyJson();
    if (value !== undefined) return value;
  }
  const text = readText(source);
  return JSONParse(StringStartsWith(text, "\ufeff") ? StringSlice(text, 1) : text);
}

function readBuffer(source) {
  const bytes = wholeBytes(source);
  return TypedArrayBuffer(bytes);
}

function readForm(source, mime) {
  if (mime !== null && mime.essence === "multipart/form-data") {
    const boundary = mimeParameter(mime, "boundary");
    if (boundary === null) throw new TypeError("The content type names no boundary");
    return decodeMultipart(wholeBytes(source), boundary);
  }
  if (mime !== null && mime.essence === "application/x-www-form-urlencoded") return decodeUrlEncoded(readText(source));
  throw new TypeError("The content type is not that of a form");
}

/**
 * Gives a class the members of a body. `bodyOf` finds the record of an object, `undefined` where it is none of the class;
 * `typeOf` its content type; `takeJson` and `takeText` the promise of a body that needs no record, or `undefined`.
 */
export function mixBody(constructor, name, bodyOf, typeOf, takeJson, takeText) {
  const consumer = (read) => (object) => {
    const body = bodyOf(object);
    if (body === undefined) return rejected(new TypeError(`Illegal invocation: this is not a ${name}`));
    return consume(body, (source) => read(source, object));
  };
  const require = (object) => {
    const body = bodyOf(object);
    if (body === undefined) throw new TypeError(`Illegal invocation: this is not a ${name}`);
    return body;
  };
  const arrayBuffer = consumer(readBuffer);
  const blob = consumer((source, object) => {
    const mime = headerMime(typeOf(object));
    return blobOf(wholeBytes(source), mime === null ? "" : writeMime(mime));
  });
  const bytes = consumer(wholeBytes);
  const formData = consumer((source, object) => readForm(source, headerMime(typeOf(object))));
  const json = consumer(readJson);
  const text = consumer(readText);
  const members = {
    get body() {
      const record = require(this);
      return record.source === null ? null : readableObject(streamOf(record));
    },
    get bodyUsed() {
      return isDisturbed(require(this));
    },
    arrayBuffer() {
      return arrayBuffer(this);
    },
    blob() {
      return blob(this);
    },
    bytes() {
      return bytes(this);
    },
    formData() {
      return formData(this);
    },
    json() {
      return takeJson(this) ?? json(this);
    },
    text() {
      return takeText(this) ?? text(this);
    },
  };
  for (const key of Object.keys(members)) {
    ObjectDefineProperty(constructor.prototype, key, Object.getOwnPropertyDescriptor(members, key));
  }
}
