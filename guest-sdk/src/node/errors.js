// Errors with the codes that Node's have.

import { inspect } from "../api/inspect.js";
import { StringIncludes } from "../api/primordials.js";

function coded(Kind, code, message) {
  const error = new Kind(message);
  error.code = code;
  return error;
}

function received(value) {
  if (value === null || value === undefined) return `${value}`;
  if (typeof value === "function") return `function ${value.name}`;
  return typeof value === "object" ? `an instance of ${value.constructor?.name ?? "Object"}` : `type ${typeof value} (${inspect(value)})`;
}

export function invalidType(name, expected, value) {
  const what = StringIncludes(name, ".") ? `"${name}" property` : `"${name}" argument`;
  return coded(TypeError, "ERR_INVALID_ARG_TYPE", `The ${what} must be ${expected}. Received ${received(value)}`);
}

export function invalidValue(name, value, why = "is invalid") {
  return coded(TypeError, "ERR_INVALID_ARG_VALUE", `The argument '${name}' ${why}. Received ${inspect(value)}`);
}

export function outOfRange(name, range, value) {
  return coded(RangeError, "ERR_OUT_OF_RANGE", `The value of "${name}" is out of range. It must be ${range}. Received ${inspect(value)}`);
}

export function failure(code, message) {
  return coded(Error, code, message);
}

export function typeFailure(code, message) {
  return coded(TypeError, code, message);
}

export function rangeFailure(code, message) {
  return coded(RangeError, code, message);
}

export function requireFunction(value, name) {
  if (typeof value !== "function") throw invalidType(name, "of type function", value);
  return value;
}

export function requireString(value, name) {
  if (typeof value !== "string") throw invalidType(name, "of type string", value);
  return value;
}

/** A whole number between two others. */
export function requireInteger(value, name, min, max) {
  if (typeof value !== "number") throw invalidType(name, "of type number", value);
  if (value % 1 !== 0) throw outOfRange(name, "an integer", value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
  return value;
}
