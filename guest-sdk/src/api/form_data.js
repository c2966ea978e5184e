// FormData: entries, and their encoding as multipart/form-data and urlencoded bodies.

import { blobData, blobOf, joinBytes } from "./blob.js";
import { fileFacts, fileOf } from "./blob_file.js";
import { host } from "./host.js";
import { definePairs } from "./iterators.js";
import {
  ArrayPush,
  exposeInterface,
  StringReplaceAll,
  StringSlice,
  StringToWellFormed,
  TypedArrayBuffer,
  TypedArrayByteOffset,
} from "./primordials.js";

let listOf;
let isForm;

function required(given, count, method) {
  if (given < count) throw new TypeError(`FormData.${method} needs ${count} arguments`);
}

function convertValue(value, filename, named) {
  const data = blobData(value);
  if (data === undefined) {
    if (named) throw new TypeError("Only a Blob has a file name");
    return StringToWellFormed(`${value}`);
  }
  const facts = fileFacts(value);
  if (facts !== undefined && !named) return value;
  return fileOf(value, named ? filename : (facts?.name ?? "blob"), facts?.lastModified);
}

export class FormData {
  #list = [];
  constructor(form = undefined) {
    if (form !== undefined) throw new TypeError("There are no form elements here");
  }
  append(name, value, filename = undefined) {
    this.#list;
    required(arguments.length, 2, "append");
    const key = StringToWellFormed(`${name}`);
    ArrayPush(this.#list, [key, convertValue(value, filename, arguments.length > 2)]);
  }
  delete(name) {
    this.#list;
    required(arguments.length, 1, "delete");
    const key = StringToWellFormed(`${name}`);
    const kept = [];
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] !== key) ArrayPush(kept, this.#list[i]);
    this.#list = kept;
  }
  get(name) {
    this.#list;
    required(arguments.length, 1, "get");
    const key = StringToWellFormed(`${name}`);
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] === key) return this.#list[i][1];
    return null;
  }
  getAll(name) {
    this.#list;
    required(arguments.length, 1, "getAll");
    const key = StringToWellFormed(`${name}`);
    const values = [];
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] === key) ArrayPush(values, this.#list[i][1]);
    return values;
  }
  has(name) {
    this.#list;
    required(arguments.length, 1, "has");
    const key = StringToWellFormed(`${name}`);
    for (let i = 0; i < this.#list.length; i++) if (this.#list[i][0] === key) return true;
    return false;
  }
  set(name, value, filename = undefined) {
    this.#list;
    required(arguments.length, 2, "set");
    const key = StringToWellFormed(`${name}`);
    const entry = [key, convertValue(value, filename, arguments.length > 2)];
    const kept = [];
    let done = false;
    for (let i = 0; i < this.#list.length; i++) {
      if (this.#list[i][0] !== key) ArrayPush(kept, this.#list[i]);
      else if (!done) {
        done = true;
        ArrayPush(kept, entry);
      }
    }
    if (!done) ArrayPush(kept, entry);
    this.#list = kept;
  }
  static {
    listOf = (value) => value.#list;
    isForm = (value) => typeof value === "object" && value !== null && #list in value;
  }
}
definePairs(FormData, "FormData", (form) => listOf(form));
exposeInterface(FormData, "FormData");

/** Whether `value` is a `FormData`. */
export function isFormData(value) {
  return isForm(value);
}

function escapeName(name) {
  const escaped = StringReplaceAll(StringReplaceAll(name, "\r", "%0D"), "\n", "%0A");
  return StringReplaceAll(escaped, '"', "%22");
}

/** Line ends as forms send them. */
function normalizeLines(text) {
  const unix = StringReplaceAll(StringReplaceAll(text, "\r\n", "\n"), "\r", "\n");
  return StringReplaceAll(unix, "\n", "\r\n");
}

function encode(text) {
  return new Uint8Array(host.utf8Encode(text));
}

function newBoundary() {
  const digits = () => StringSlice(`${host.mathRandom()}`, 2, 16);
  return `----mayfly-form-${digits()}${digits()}`;
}

/** `{ bytes, boundary }` of the form as `multipart/form-data`. */
export function encodeMultipart(form) {
  const boundary = newBoundary();
  const parts = [];
  const list = listOf(form);
  for (let i = 0; i < list.length; i++) {
    const name = escapeName(normalizeLines(list[i][0]));
    const value = list[i][1];
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`;
    if (typeof value === "string") ArrayPush(parts, encode(`${head}\r\n\r\n${normalizeLines(value)}\r\n`));
    else {
      const { bytes, type } = blobData(value);
      const filename = escapeName(fileFacts(value).name);
      const media = type === "" ? "application/octet-stream" : type;
      ArrayPush(parts, encode(`${head}; filename="${filename}"\r\nContent-Type: ${media}\r\n\r\n`));
      ArrayPush(parts, bytes);
      ArrayPush(parts, encode("\r\n"));
    }
  }
  ArrayPush(parts, encode(`--${boundary}--\r\n`));
  return { __proto__: null, bytes: joinBytes(parts), boundary };
}

/** The form that `bytes` are; throws where they are none. */
export function decodeMultipart(bytes, boundary) {
  const parts = host.multipartParse(bytes, boundary);
  if (parts === undefined) throw new TypeError("The body is not multipart/form-data of its boundary");
  const form = new FormData();
  const list = listOf(form);
  for (let i = 0; i < parts.length; i++) {
    const { 0: name, 1: filename, 2: type, 3: start, 4: length } = parts[i];
    const content = new Uint8Array(TypedArrayBuffer(bytes), TypedArrayByteOffset(bytes) + start, length);
    if (filename === null) ArrayPush(list, [name, host.utf8Decode(content, false)]);
    else ArrayPush(list, [name, fileOf(blobOf(content, type), filename, undefined)]);
  }
  return form;
}

/** The form that a text of `application/x-www-form-urlencoded` is. */
export function decodeUrlEncoded(text) {
  const form = new FormData();
  const pairs = host.formDecode(text);
  const list = listOf(form);
  for (let i = 0; i < pairs.length; i++) ArrayPush(list, [pairs[i][0], pairs[i][1]]);
  return form;
}
