// MIME types: parsed, serialised, and extracted from headers (https://mimesniff.spec.whatwg.org/).

import { ArrayPush, RegExpTest, StringIndexOf, StringSlice, StringToLowerCase } from "./primordials.js";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const QUOTABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

function isSpace(character) {
  return character === " " || character === "\t" || character === "\n" || character === "\r";
}

function trim(text) {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text[start])) start += 1;
  while (end > start && isSpace(text[end - 1])) end -= 1;
  return StringSlice(text, start, end);
}

function indexFrom(text, character, from) {
  const at = StringIndexOf(text, character, from);
  return at < 0 ? text.length : at;
}

/** `{ essence, parameters }`, the parameters as pairs; `null` where the text is no MIME type. */
export function parseMime(given) {
  const text = trim(given);
  const slash = StringIndexOf(text, "/");
  if (slash < 0) return null;
  let at = indexFrom(text, ";", slash);
  const type = StringSlice(text, 0, slash);
  const subtype = trim(StringSlice(text, slash + 1, at));
  if (!RegExpTest(TOKEN, type) || !RegExpTest(TOKEN, subtype)) return null;
  const mime = { __proto__: null, essence: StringToLowerCase(`${type}/${subtype}`), parameters: [] };
  while (at < text.length) at = parameter(text, at + 1, mime.parameters);
  return mime;
}

/** Reads one parameter and returns where the next semicolon is. */
function parameter(text, from, parameters) {
  let at = from;
  while (at < text.length && isSpace(text[at])) at += 1;
  const semicolon = indexFrom(text, ";", at);
  const equals = indexFrom(text, "=", at);
  if (equals >= semicolon) return semicolon;
  const name = StringToLowerCase(StringSlice(text, at, equals));
  let value;
  let end;
  if (text[equals + 1] === '"') {
    const quoted = unquote(text, equals + 2);
    value = quoted.value;
    end = indexFrom(text, ";", quoted.end);
  } else {
    value = trim(StringSlice(text, equals + 1, semicolon));
    end = semicolon;
    if (value === "") return end;
  }
  if (RegExpTest(TOKEN, name) && RegExpTest(QUOTABLE, value) && mimeParameter({ parameters }, name) === null) {
    ArrayPush(parameters, [name, value]);
  }
  return end;
}

function unquote(text, from) {
  let value = "";
  let at = from;
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === "\\" && at + 1 < text.length) at += 1;
    value += text[at];
  }
  return { value, end: at };
}

/** The value of a parameter, or `null`. */
export function mimeParameter({ parameters }, name) {
  for (let i = 0; i < parameters.length; i++) if (parameters[i][0] === name) return parameters[i][1];
  return null;
}

/** The MIME type as text. */
export function writeMime({ essence, parameters }) {
  let text = essence;
  for (let i = 0; i < parameters.length; i++) {
    const value = parameters[i][1];
    text += `;${parameters[i][0]}=${RegExpTest(TOKEN, value) ? value : quote(value)}`;
  }
  return text;
}

function quote(value) {
  let quoted = '"';
  for (let i = 0; i < value.length; i++) {
    if (value[i] === '"' || value[i] === "\\") quoted += "\\";
    quoted += value[i];
  }
  return `${quoted}"`;
}

/** The MIME type that a `content-type` header means, its values joined by commas; `null` where there is none. */
export function headerMime(header) {
  if (header === null) return null;
  let charset = null;
  let found = null;
  const values = splitValues(header);
  for (let i = 0; i < values.length; i++) {
    const mime = parseMime(values[i]);
    if (mime === null || mime.essence === "*/*") continue;
    if (found === null || mime.essence !== found.essence) charset = mimeParameter(mime, "charset");
    else if (mimeParameter(mime, "charset") === null && charset !== null) ArrayPush(mime.parameters, ["charset", charset]);
    found = mime;
  }
  return found;
}

function splitValues(header) {
  const values = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i <= header.length; i++) {
    if (i === header.length || (header[i] === "," && !quoted)) {
      ArrayPush(values, StringSlice(header, start, i));
      start = i + 1;
    } else if (header[i] === '"') quoted = !quoted;
    else if (header[i] === "\\" && quoted) i += 1;
  }
  return values;
}
