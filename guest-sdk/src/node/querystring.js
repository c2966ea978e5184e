// node:querystring

import { ArrayIsArray, ArrayPush, NumberIsFinite, ObjectKeys, StringIndexOf, StringReplaceAll, StringSlice, StringSplit, StringToWellFormed } from "../api/primordials.js";
import { bufferOver } from "./buffer.js";
import { encodeText } from "./buffer_codecs.js";
import { decodeText, encodeComponent, StringFromCharCode } from "./language.js";

const HEX = "0123456789abcdef";

export function escape(text) {
  const whole = StringToWellFormed(`${text}`);
  return encodeComponent(whole);
}

/** Bytes of text with `%41` and the like; what is none of that stays. */
export function unescapeBuffer(text) {
  const bytes = encodeText(`${text}`, "utf8");
  const digit = (byte) => (byte === undefined ? -1 : StringIndexOf(HEX, StringFromCharCode(byte >= 65 && byte <= 70 ? byte + 32 : byte)));
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    const high = bytes[i] === 37 ? digit(bytes[i + 1]) : -1;
    const low = high < 0 ? -1 : digit(bytes[i + 2]);
    bytes[length++] = low < 0 ? bytes[i] : high * 16 + low;
    if (low >= 0) i += 2;
  }
  return bufferOver(bytes).subarray(0, length);
}

export function unescape(text) {
  try {
    return decodeText(`${text}`);
  } catch {
    return unescapeBuffer(text).toString();
  }
}

function primitive(value) {
  if (typeof value === "string") return value;
  if (typeof value === "number") return NumberIsFinite(value) ? `${value}` : "";
  return typeof value === "boolean" || typeof value === "bigint" ? `${value}` : "";
}

export function stringify(object, separator, equals, options) {
  if (typeof object !== "object" || object === null) return "";
  const encode = options?.encodeURIComponent ?? module.escape;
  const between = separator || "&";
  const is = equals || "=";
  let text = "";
  const keys = ObjectKeys(object);
  for (let i = 0; i < keys.length; i++) {
    const value = object[keys[i]];
    const values = ArrayIsArray(value) ? value : [value];
    for (let j = 0; j < values.length; j++) {
      text += `${text === "" ? "" : between}${encode(keys[i])}${is}${encode(primitive(values[j]))}`;
    }
  }
  return text;
}

export function parse(text, separator, equals, options) {
  const parsed = { __proto__: null };
  if (typeof text !== "string" || text === "") return parsed;
  const decode = options?.decodeURIComponent ?? module.unescape;
  const limit = options?.maxKeys ?? 1000;
  const is = equals || "=";
  const read = (part) => {
    const plain = StringReplaceAll(part, "+", " ");
    try {
      return decode(plain);
    } catch {
      return unescape(plain);
    }
  };
  const pairs = StringSplit(text, separator || "&");
  for (let i = 0; i < pairs.length && (limit <= 0 || i < limit); i++) {
    if (pairs[i] === "") continue;
    const at = StringIndexOf(pairs[i], is);
    const key = read(at < 0 ? pairs[i] : StringSlice(pairs[i], 0, at));
    const value = at < 0 ? "" : read(StringSlice(pairs[i], at + is.length));
    if (parsed[key] === undefined) parsed[key] = value;
    else if (ArrayIsArray(parsed[key])) ArrayPush(parsed[key], value);
    else parsed[key] = [parsed[key], value];
  }
  return parsed;
}

/** What `require` gives: packages replace its `escape` and `unescape`. */
export const module = { escape, unescape, unescapeBuffer, stringify, parse, encode: stringify, decode: parse };
