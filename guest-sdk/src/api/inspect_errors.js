// Errors as the console prints them: first line and stack, safe against what a tenant made of them.

import { cut } from "./inspect_text.js";
import { ObjectToString, StringTrimEnd } from "./primordials.js";

export function isError(value) {
  return ObjectToString(value) === "[object Error]" || value instanceof Error;
}

/** `Name: message`, as `Error.prototype.toString` has it, but bounded. */
export function headline(error) {
  try {
    const { name, message } = error;
    const title = name === undefined ? "Error" : cut(`${name}`);
    const text = message === undefined ? "" : cut(`${message}`);
    return title === "" ? text : text === "" ? title : `${title}: ${text}`;
  } catch {
    return "Error";
  }
}

/** The error's stack, or nothing. */
export function stackText(error) {
  const { stack } = error;
  return typeof stack === "string" ? StringTrimEnd(cut(stack)) : "";
}

/** The name of an error that was thrown while looking at something. */
export function safeName(error) {
  try {
    return `${error?.name}`;
  } catch {
    return "Error";
  }
}
