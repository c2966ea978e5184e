// Text of printed values: quoted strings, property names, and truncation.

import {
  JSONStringify,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectToString,
  StringIncludes,
  StringReplaceAll,
  StringSlice,
} from "./primordials.js";

const MAX_STRING = 10000;

/** The beginning of a text, and how much more there is. */
export function cut(text, max = MAX_STRING) {
  return text.length > max ? `${StringSlice(text, 0, max)}... ${text.length - max} more characters` : text;
}

/** The text of a value at this depth. */
export function indented(text, depth) {
  let indent = "";
  for (let i = 0; i < depth; i++) indent += "  ";
  return depth === 0 ? text : StringReplaceAll(text, "\n", `\n${indent}`);
}

export function quote(text) {
  const shown = text.length > MAX_STRING ? StringSlice(text, 0, MAX_STRING) : text;
  const body = StringSlice(JSONStringify(shown), 1, -1);
  const quoted = StringIncludes(shown, "'")
    ? StringIncludes(shown, '"')
      ? `\`${StringReplaceAll(body, '\\"', '"')}\``
      : `"${body}"`
    : `'${StringReplaceAll(body, '\\"', '"')}'`;
  return shown.length < text.length ? `${quoted}... ${text.length - shown.length} more characters` : quoted;
}

export function printFunction(value) {
  const name = ownString(value, "name");
  // A class's prototype cannot be replaced; a function's can.
  if (ObjectGetOwnPropertyDescriptor(value, "prototype")?.writable === false) return name === "" ? "[class (anonymous)]" : `[class ${name}]`;
  const brand = ObjectToString(value);
  const kind = brand === "[object Function]" ? "Function" : StringSlice(brand, 8, -1);
  return name === "" ? `[${kind} (anonymous)]` : `[${kind}: ${name}]`;
}

export function ownString(value, key) {
  const descriptor = ObjectGetOwnPropertyDescriptor(value, key);
  return typeof descriptor?.value === "string" ? descriptor.value : "";
}

export function className(value) {
  for (let object = value; object !== null; object = ObjectGetPrototypeOf(object)) {
    const constructor = ObjectGetOwnPropertyDescriptor(object, "constructor")?.value;
    if (typeof constructor === "function") return ownString(constructor, "name");
  }
  return "[Object: null prototype]";
}
