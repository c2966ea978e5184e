// How the console prints values: the shapes of Node's util.inspect, at depth 2.

import { headline, isError, safeName, stackText } from "./inspect_errors.js";
import { groupItems } from "./inspect_group.js";
import { className, indented, printFunction, quote } from "./inspect_text.js";
import {
  ArrayBufferIsView,
  ArrayIsArray,
  ArrayJoin,
  ArrayPush,
  BigIntValueOf,
  BooleanValueOf,
  DateGetTime,
  DateToISOString,
  isArrayBuffer,
  MapForEach,
  MapSize,
  NumberIsFinite,
  NumberValueOf,
  ObjectGetOwnPropertyDescriptor,
  ObjectHasOwn,
  ObjectToString,
  ReflectApply,
  ReflectOwnKeys,
  RegExpTest,
  RegExpToString,
  SetForEach,
  SetSize,
  StringIncludes,
  StringValueOf,
  SymbolToString,
  TypedArrayName,
} from "./primordials.js";

const MAX_DEPTH = 2;
const MAX_ITEMS = 100;
const LINE = 80;
const LEVELS_IN_A_LINE = 3;
const ERRORS_WHOLE = 32;
const VALUES_SHOWN = 2000;
const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

// How deep the object that was printed last stood: what has three levels below it is broken into lines.
let currentDepth = 0;

let maxDepth = MAX_DEPTH;

// How many errors may still be printed with their stacks: as many as there are, but for what was thrown.
let errorsLeft = Infinity;

// How many values may: to tell what was thrown must not cost what the function had left.
let valuesLeft = Infinity;

const CUSTOM = Symbol.for("nodejs.util.inspect.custom");

/** One value, as `console.log` prints it, or down to another depth. */
export function inspect(value, depth = MAX_DEPTH) {
  const outer = maxDepth;
  maxDepth = depth;
  try {
    return print(value, 0, []);
  } finally {
    maxDepth = outer;
  }
}

/** What `print` does, with a bound on how many values are printed, and errors with their stacks; none on how long a chain of causes is. */
function withErrors(print) {
  errorsLeft = ERRORS_WHOLE;
  valuesLeft = VALUES_SHOWN;
  try {
    return print();
  } finally {
    errorsLeft = Infinity;
    valuesLeft = Infinity;
  }
}

/** What was thrown, and is no error. */
export function inspectThrown(value) {
  return withErrors(() => inspect(value));
}

/** What an error has beside its message and its stack, as it stands behind them: properties, causes, errors. */
export function inspectBehind(error) {
  return withErrors(() => {
    const items = errorItems(error, 0, [error]);
    return items.length === 0 ? "" : wrap("", "{", items, "}", 0);
  });
}

/** The `inspect` that an object's own method is given, with Node's options. */
function inspectFor(value, options) {
  const depth = options?.depth;
  return inspect(value, depth === null ? Infinity : typeof depth === "number" ? depth : MAX_DEPTH);
}

/** The result of an object's own `inspect` method (`Symbol.for("nodejs.util.inspect.custom")`). */
function customInspect(value, method, depth) {
  const left = maxDepth - depth;
  const text = ReflectApply(method, value, [left, { depth: left, stylize: (part) => `${part}` }, inspectFor]);
  return typeof text === "string" ? text : print(text, depth, []);
}

function print(value, depth, parents) {
  if (valuesLeft === 0) return "...";
  valuesLeft -= 1;
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      return value === 0 && 1 / value < 0 ? "-0" : `${value}`;
    case "bigint":
      return `${value}n`;
    case "symbol":
      return SymbolToString(value);
    case "function":
      return printFunction(value);
    case "object":
      return value === null ? "null" : printObject(value, depth, parents);
    default:
      return `${value}`;
  }
}

function printObject(value, depth, parents) {
  for (let i = 0; i < parents.length; i++) if (parents[i] === value) return "[Circular *1]";
  const above = parents.length;
  try {
    const custom = value[CUSTOM];
    if (typeof custom === "function") return customInspect(value, custom, depth);
    if (isError(value)) return printError(value, depth, parents);
    const brand = ObjectToString(value);
    if (brand === "[object Date]") {
      return NumberIsFinite(DateGetTime(value)) ? DateToISOString(value) : "Invalid Date";
    }
    if (brand === "[object RegExp]") return RegExpToString(value);
    if (depth > maxDepth) return ArrayIsArray(value) ? "[Array]" : `[${className(value)}]`;
    ArrayPush(parents, value);
    currentDepth = depth;
    const text = printCollection(value, brand, depth, parents);
    parents.length -= 1;
    return text;
  } catch (error) {
    parents.length = above;
    return `[${safeName(error)} while printing]`;
  }
}

function printCollection(value, brand, depth, parents) {
  const name = className(value);
  if (ArrayIsArray(value)) {
    const prefix = name === "Array" ? "" : `${name}(${value.length}) `;
    return wrapArray(prefix, value, arrayItems(value, depth, parents), depth);
  }
  if (ArrayBufferIsView(value) && TypedArrayName(value) !== undefined) {
    return wrapArray(`${TypedArrayName(value)}(${value.length}) `, value, arrayItems(value, depth, parents), depth);
  }
  if (isArrayBuffer(value)) return `ArrayBuffer { byteLength: ${value.byteLength} }`;
  if (brand === "[object Map]") {
    const items = [];
    MapForEach(value, (entry, key) => {
      if (items.length === MAX_ITEMS) return;
      ArrayPush(items, `${print(key, depth + 1, parents)} => ${print(entry, depth + 1, parents)}`);
    });
    more(items, MapSize(value));
    return wrap(`${name}(${MapSize(value)}) `, "{", items, "}", depth);
  }
  if (brand === "[object Set]") {
    const items = [];
    SetForEach(value, (entry) => {
      if (items.length < MAX_ITEMS) ArrayPush(items, print(entry, depth + 1, parents));
    });
    more(items, SetSize(value));
    return wrap(`${name}(${SetSize(value)}) `, "{", items, "}", depth);
  }
  if (brand === "[object Promise]") return "Promise { <state unknown> }";
  if (brand === "[object WeakMap]" || brand === "[object WeakSet]") return `${name} { <items unknown> }`;
  if (brand === "[object Arguments]") {
    return wrap("[Arguments] ", "{", properties(value, depth, parents, false), "}", depth);
  }
  const boxed = WRAPPERS[brand];
  if (boxed !== undefined) return `[${boxed[0]}: ${print(boxed[1](value), depth, parents)}]`;
  const items = properties(value, depth, parents, false);
  const prefix = name === "Object" ? "" : `${name} `;
  return items.length === 0 ? `${prefix}{}` : wrap(prefix, "{", items, "}", depth);
}

// Objects around a primitive value.
const WRAPPERS = {
  __proto__: null,
  "[object Boolean]": ["Boolean", BooleanValueOf],
  "[object Number]": ["Number", NumberValueOf],
  "[object String]": ["String", StringValueOf],
  "[object BigInt]": ["BigInt", BigIntValueOf],
};

function wrapArray(prefix, array, items, depth) {
  const extra = array.length > MAX_ITEMS ? 1 : 0;
  const kind = typeof array[0];
  const grouped = groupItems(items, extra, 2 * depth, kind === "number" || kind === "bigint");
  return wrap(prefix, "[", grouped, "]", depth, grouped !== items);
}

function more(items, size) {
  if (size > items.length) ArrayPush(items, `... ${size - items.length} more item${size - items.length > 1 ? "s" : ""}`);
}

function arrayItems(array, depth, parents) {
  const items = [];
  let holes = 0;
  const flush = () => {
    if (holes > 0) ArrayPush(items, `<${holes} empty item${holes > 1 ? "s" : ""}>`);
    holes = 0;
  };
  const shown = array.length > MAX_ITEMS ? MAX_ITEMS : array.length;
  for (let i = 0; i < shown; i++) {
    if (!ObjectHasOwn(array, i)) holes += 1;
    else {
      flush();
      ArrayPush(items, print(array[i], depth + 1, parents));
    }
  }
  flush();
  if (array.length > shown) {
    const rest = array.length - shown;
    ArrayPush(items, `... ${rest} more item${rest > 1 ? "s" : ""}`);
  }
  return items;
}

function properties(value, depth, parents, isErrorObject) {
  const items = [];
  const keys = ReflectOwnKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    const descriptor = ObjectGetOwnPropertyDescriptor(value, key);
    if (!descriptor?.enumerable) continue;
    if (isErrorObject && (key === "stack" || key === "message")) continue;
    if (items.length === MAX_ITEMS) {
      ArrayPush(items, "...");
      break;
    }
    const label =
      typeof key === "symbol" ? `[${SymbolToString(key)}]` : RegExpTest(IDENTIFIER, key) ? key : quote(key);
    ArrayPush(items, `${label}: ${propertyText(descriptor, depth, parents)}`);
  }
  return items;
}

function propertyText(descriptor, depth, parents) {
  // Its own, for others could be those of `Object.prototype`.
  if (ObjectHasOwn(descriptor, "value")) return print(descriptor.value, depth + 1, parents);
  if (descriptor.get === undefined) return "[Setter]";
  return descriptor.set === undefined ? "[Getter]" : "[Getter/Setter]";
}

function wrap(prefix, open, items, close, depth, grouped = false) {
  if (items.length === 0) return `${prefix}${open}${close}`;
  let indent = "";
  for (let i = 0; i < depth; i++) indent += "  ";
  let width = 2 * items.length + indent.length + prefix.length + 11;
  let broken = grouped;
  for (let i = 0; i < items.length; i++) {
    width += items[i].length;
    broken ||= StringIncludes(items[i], "\n");
  }
  if (!broken && width <= LINE && currentDepth - depth < LEVELS_IN_A_LINE) {
    return `${prefix}${open} ${ArrayJoin(items, ", ")} ${close}`;
  }
  return `${prefix}${open}\n${indent}  ${ArrayJoin(items, `,\n${indent}  `)}\n${indent}${close}`;
}

function printError(error, depth, parents) {
  if (depth > maxDepth || errorsLeft === 0) return `[${headline(error)}]`;
  errorsLeft -= 1;
  ArrayPush(parents, error);
  const stack = stackText(error);
  const head = headline(error);
  let text = stack === "" ? (depth === 0 ? head : `[${head}]`) : indented(`${head}\n${stack}`, depth);
  const items = errorItems(error, depth, parents);
  if (items.length > 0) text += ` ${wrap("", "{", items, "}", depth)}`;
  parents.length -= 1;
  return text;
}

function errorItems(error, depth, parents) {
  const items = properties(error, depth, parents, true);
  hiddenItem(items, error, "cause", 1, depth, parents);
  hiddenItem(items, error, "errors", 2, depth, parents);
  return items;
}

/** Other errors, which stand `levels` below this one. */
function hiddenItem(items, error, key, levels, depth, parents) {
  const descriptor = ObjectGetOwnPropertyDescriptor(error, key);
  if (descriptor === undefined || descriptor.enumerable) return;
  const outer = maxDepth;
  if (errorsLeft !== Infinity) maxDepth += levels;
  try {
    ArrayPush(items, `[${key}]: ${propertyText(descriptor, depth, parents)}`);
  } finally {
    maxDepth = outer;
  }
}
