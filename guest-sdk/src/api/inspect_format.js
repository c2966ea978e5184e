// The arguments of a console call as one text.

import { inspect } from "./inspect.js";
import { ArrayJoin, ArrayPush, JSONStringify, StringIncludes } from "./primordials.js";

/** The arguments of a console call: format specifiers in the first, then everything else, joined by spaces. */
export function format(args) {
  const parts = [];
  let next = 0;
  if (typeof args[0] === "string" && args.length > 1 && StringIncludes(args[0], "%")) {
    const filled = fillIn(args);
    ArrayPush(parts, filled.text);
    next = filled.next;
  }
  for (; next < args.length; next++) {
    const value = args[next];
    ArrayPush(parts, typeof value === "string" ? value : inspect(value));
  }
  return ArrayJoin(parts, " ");
}

const SPECIFIERS = "sdifjoOc";

/** The first argument with its specifiers filled in, and which argument comes next. */
function fillIn(args) {
  const given = args[0];
  let text = "";
  let next = 1;
  for (let i = 0; i < given.length; i++) {
    const letter = given[i] === "%" ? given[i + 1] : undefined;
    if (letter === "%") text += "%";
    else if (letter !== undefined && StringIncludes(SPECIFIERS, letter) && next < args.length) {
      text += formatOne(`%${letter}`, args[next++]);
    } else {
      text += given[i];
      continue;
    }
    i += 1;
  }
  return { __proto__: null, text, next };
}

function formatOne(specifier, value) {
  switch (specifier) {
    case "%s":
      return typeof value === "string" ? value : typeof value === "object" ? inspect(value) : `${String(value)}`;
    case "%d":
      return typeof value === "bigint" ? `${value}n` : typeof value === "symbol" ? "NaN" : `${Number(value)}`;
    case "%i":
      return typeof value === "symbol" ? "NaN" : `${parseInt(value, 10)}`;
    case "%f":
      return typeof value === "symbol" ? "NaN" : `${parseFloat(value)}`;
    case "%j":
      try {
        return JSONStringify(value) ?? "undefined";
      } catch {
        return "[Circular]";
      }
    case "%c":
      return "";
    default:
      return inspect(value);
  }
}
