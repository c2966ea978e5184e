// node:util

import { inspect as print } from "../api/inspect.js";
import { format as formatAll } from "../api/inspect_format.js";
import { ArrayIsArray, ArrayPush, deferred, ReflectApply } from "../api/primordials.js";
import { isDeepEqual } from "./deep_equal.js";
import { failure, invalidType, requireFunction, requireString } from "./errors.js";
import { define, ObjectDefineProperties, ObjectSetPrototypeOf } from "./language.js";

const CUSTOM = Symbol.for("nodejs.util.promisify.custom");
const ESCAPES = /\u001b\[[0-9;]*m/;

/** A value as the console prints it; `depth` and `breakLength` may be said. */
export function inspect(value, options) {
  const { depth } = typeof options === "object" && options !== null ? options : { depth: arguments[2] };
  return print(value, depth === null ? Infinity : depth);
}
define(inspect, { custom: Symbol.for("nodejs.util.inspect.custom"), defaultOptions: { depth: 2 } });

export function format(...args) {
  return formatAll(args);
}
export function formatWithOptions(options, ...args) {
  return formatAll(args);
}

/** A function that promises what another calls back with. */
export function promisify(original) {
  requireFunction(original, "original");
  const custom = original[CUSTOM];
  if (custom !== undefined) return requireFunction(custom, "util.promisify.custom");
  function promised(...args) {
    const { promise, resolve, reject } = deferred();
    ArrayPush(args, (error, value) => (error ? reject(error) : resolve(value)));
    ReflectApply(original, this, args);
    return promise;
  }
  ObjectSetPrototypeOf(promised, Object.getPrototypeOf(original));
  ObjectDefineProperties(promised, Object.getOwnPropertyDescriptors(original));
  return promised;
}
define(promisify, { custom: CUSTOM });

/** A function that calls back with what another promises. */
export function callbackify(original) {
  requireFunction(original, "original");
  return function (...args) {
    const callback = requireFunction(args[args.length - 1], "last argument");
    args.length -= 1;
    const self = this;
    const told = (how) => ReflectApply(callback, self, how);
    const rejectedWith = (reason) => {
      if (reason) return reason;
      const error = failure("ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value");
      error.reason = reason;
      return error;
    };
    ReflectApply(original, self, args).then((value) => told([null, value]), (reason) => told([rejectedWith(reason)]));
  };
}

export function inherits(constructor, parent) {
  requireFunction(constructor, "ctor");
  requireFunction(parent, "superCtor");
  Object.defineProperty(constructor, "super_", { value: parent, writable: true, configurable: true });
  ObjectSetPrototypeOf(constructor.prototype, parent.prototype);
}

export function deprecate(callback, message, code) {
  let warned = false;
  function deprecated(...args) {
    if (!warned) {
      warned = true;
      globalThis.console?.warn(`${code === undefined ? "" : `[${code}] `}DeprecationWarning: ${message}`);
    }
    return new.target ? Reflect.construct(callback, args, new.target) : ReflectApply(callback, this, args);
  }
  ObjectSetPrototypeOf(deprecated, callback);
  if (callback.prototype) deprecated.prototype = callback.prototype;
  return deprecated;
}

export function isDeepStrictEqual(a, b) {
  return isDeepEqual(a, b, true);
}

export function isArray(value) {
  return ArrayIsArray(value);
}

export function stripVTControlCharacters(text) {
  let plain = requireString(text, "str");
  for (let match = ESCAPES.exec(plain); match !== null; match = ESCAPES.exec(plain)) {
    plain = plain.slice(0, match.index) + plain.slice(match.index + match[0].length);
  }
  return plain;
}

export function toUSVString(text) {
  return `${text}`.toWellFormed();
}

/** Says nothing: no section of debugging is on. */
export function debuglog() {
  const log = () => {};
  log.enabled = false;
  return log;
}
export const debug = debuglog;

const STYLES = {
  __proto__: null,
  reset: [0, 0],
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  underline: [4, 24],
  inverse: [7, 27],
  strikethrough: [9, 29],
  black: [30, 39],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  white: [37, 39],
  gray: [90, 39],
  grey: [90, 39],
};

export function styleText(format, text) {
  const names = ArrayIsArray(format) ? format : [format];
  let styled = requireString(text, "text");
  for (let i = names.length - 1; i >= 0; i--) {
    const style = STYLES[names[i]];
    if (style === undefined) throw invalidType("format", "the name of a style", names[i]);
    styled = `\u001b[${style[0]}m${styled}\u001b[${style[1]}m`;
  }
  return styled;
}

export function aborted(signal) {
  const { promise, resolve } = deferred();
  if (signal.aborted) resolve();
  else signal.addEventListener("abort", () => resolve(), { __proto__: null, once: true });
  return promise;
}

export const TextEncoder = globalThis.TextEncoder;
export const TextDecoder = globalThis.TextDecoder;
