// The encodings of Buffer: text to bytes, and back.

import { host } from "../api/host.js";
import {
  RegExpMatch,
  StringCharCodeAt,
  StringIndexOf,
  StringReplaceAll,
  StringSlice,
  StringToLowerCase,
  TypedArrayByteLength,
  Uint8ArrayConstructor,
} from "../api/primordials.js";
import { typeFailure } from "./errors.js";
import { StringFromCharCode } from "./language.js";

const HEX = /^(?:[0-9a-fA-F]{2})*/;
const BASE64_CHARACTERS = /[A-Za-z0-9_-]/;

const NAMES = {
  __proto__: null,
  utf8: "utf8",
  "utf-8": "utf8",
  ucs2: "utf16le",
  "ucs-2": "utf16le",
  utf16le: "utf16le",
  "utf-16le": "utf16le",
  latin1: "latin1",
  binary: "latin1",
  ascii: "ascii",
  base64: "base64",
  base64url: "base64url",
  hex: "hex",
};

/** The name of an encoding as this file has it; `undefined` where there is none. */
export function encodingNamed(label) {
  if (label === undefined || label === null || label === "") return "utf8";
  return NAMES[label] ?? (typeof label === "string" ? NAMES[StringToLowerCase(label)] : undefined);
}

/** The encoding of a label; an error where there is none. */
export function encodingOf(label) {
  const name = encodingNamed(label);
  if (name === undefined) throw typeFailure("ERR_UNKNOWN_ENCODING", `Unknown encoding: ${label}`);
  return name;
}

function base64Bytes(text) {
  const end = StringIndexOf(text, "=");
  let digits = end < 0 ? text : StringSlice(text, 0, end);
  digits = StringReplaceAll(StringReplaceAll(digits, "+", "-"), "/", "_");
  const decoded = digits.length % 4 === 1 ? undefined : host.base64urlDecode(digits);
  if (decoded !== undefined) return decoded;
  let clean = "";
  for (let i = 0; i < digits.length; i++) if (RegExpMatch(BASE64_CHARACTERS, digits[i]) !== null) clean += digits[i];
  // A digit that stands alone holds no byte.
  if (clean.length % 4 === 1) clean = StringSlice(clean, 0, -1);
  return host.base64urlDecode(clean);
}

function utf16Bytes(text) {
  const bytes = new Uint8ArrayConstructor(2 * text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = StringCharCodeAt(text, i);
    bytes[2 * i] = unit & 0xff;
    bytes[2 * i + 1] = unit >> 8;
  }
  return bytes;
}

function utf16Text(bytes) {
  let text = "";
  const length = TypedArrayByteLength(bytes) & ~1;
  for (let i = 0; i < length; i += 2) text += StringFromCharCode(bytes[i] | (bytes[i + 1] << 8));
  return text;
}

function asciiText(bytes) {
  const low = new Uint8ArrayConstructor(bytes);
  for (let i = 0; i < TypedArrayByteLength(low); i++) low[i] &= 0x7f;
  return host.latin1Decode(low);
}

const ENCODERS = {
  __proto__: null,
  utf8: (text) => host.utf8Encode(text),
  utf16le: (text) => utf16Bytes(text),
  latin1: (text) => host.latin1Encode(text),
  ascii: (text) => host.latin1Encode(text),
  base64: base64Bytes,
  base64url: base64Bytes,
  hex: (text) => host.hexDecode(RegExpMatch(HEX, text)[0]),
};

const DECODERS = {
  __proto__: null,
  utf8: (bytes) => host.utf8Decode(bytes, false),
  utf16le: utf16Text,
  latin1: (bytes) => host.latin1Decode(bytes),
  ascii: asciiText,
  base64: (bytes) => host.base64EncodeBytes(bytes),
  base64url: (bytes) => host.base64urlEncode(bytes),
  hex: (bytes) => host.hexEncode(bytes),
};

/** The bytes of a text, as a `Uint8Array` of their own. */
export function encodeText(text, encoding) {
  const bytes = ENCODERS[encoding](text);
  return encoding === "utf16le" ? bytes : new Uint8ArrayConstructor(bytes);
}

/** The text of bytes that are a plain `Uint8Array`. */
export function decodeBytes(bytes, encoding) {
  return DECODERS[encoding](bytes);
}

/** How many bytes a text has. */
export function encodedLength(text, encoding) {
  switch (encoding) {
    case "latin1":
    case "ascii":
      return text.length;
    case "utf16le":
      return 2 * text.length;
    case "hex":
      return text.length >>> 1;
    case "base64":
    case "base64url": {
      const end = StringIndexOf(text, "=");
      return ((end < 0 ? text.length : end) * 3) >>> 2;
    }
    default:
      return TypedArrayByteLength(encodeText(text, encoding));
  }
}
