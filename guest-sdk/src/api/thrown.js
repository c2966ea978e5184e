// Thrown values as reports: kind, first line, stack and causes.

import { inspectBehind, inspectThrown } from "./inspect.js";
import { headline, isError, stackText } from "./inspect_errors.js";
import { cut } from "./inspect_text.js";

const MAX_STACK = 32000;

const THREW = 0;
const STACK_OVERFLOW = 1;
const OUT_OF_MEMORY = 2;

function isErrorObject(thrown) {
  return typeof thrown === "object" && thrown !== null && isError(thrown);
}

/** `Name: message` of an error, or the printed value of anything else that was thrown. */
export function printThrown(thrown) {
  try {
    return isErrorObject(thrown) ? headline(thrown) : cut(inspectThrown(thrown));
  } catch {
    return "something that cannot be printed";
  }
}

/** What kind of failure a thrown value is: the engine's own ways of saying that it is out of something have kinds. */
export function kindOf(error) {
  if (error === null) return OUT_OF_MEMORY;
  try {
    const message = error.message;
    if (error instanceof RangeError && message === "Maximum call stack size exceeded") return STACK_OVERFLOW;
    if (error.name === "InternalError" && message === "out of memory") return OUT_OF_MEMORY;
  } catch {
    // Whatever was thrown, looking at it throws: it is an ordinary throw.
  }
  return THREW;
}

/** The stack, and behind it the error's properties, causes and errors. */
export function stackOf(thrown) {
  let stack = "";
  try {
    stack = stackText(thrown);
    const behind = isErrorObject(thrown) ? inspectBehind(thrown) : "";
    return behind === "" ? stack : cut(stack === "" ? behind : `${stack} ${behind}`, MAX_STACK);
  } catch {
    return stack;
  }
}

/** `code`, where it is a string. */
export function codeOf(error) {
  try {
    const { code } = error;
    return typeof code === "string" ? cut(code, 100) : null;
  } catch {
    return null;
  }
}
