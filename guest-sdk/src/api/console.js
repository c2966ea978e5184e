// console: entries go to the host as text; it counts and cuts them.

import { host } from "./host.js";
import { formatTable } from "./console_table.js";
import { format } from "./inspect_format.js";
import {
  ArrayPush,
  expose,
  MapDelete,
  MapGet,
  MapHas,
  MapSet,
  ObjectDefineProperty,
  ObjectKeys,
  StringReplaceAll,
  StringSlice,
} from "./primordials.js";

const LEVEL = { __proto__: null, debug: 0, log: 1, info: 2, warn: 3, error: 4 };
const counts = new Map();
const timers = new Map();
let indent = "";

function write(level, args) {
  let text = format(args);
  if (indent !== "") text = indent + StringReplaceAll(text, "\n", `\n${indent}`);
  host.log(level, text);
}

function openGroup(label) {
  if (label.length > 0) write(LEVEL.log, label);
  indent += "  ";
}

function elapsed(label) {
  const since = MapGet(timers, label);
  return since === undefined ? null : `${label}: ${host.elapsed() - since}ms`;
}

const console = {
  __proto__: {},
  assert(condition = undefined, ...args) {
    if (condition) return;
    const given = ["Assertion failed"];
    if (typeof args[0] === "string") given[0] += `: ${args[0]}`;
    for (let i = typeof args[0] === "string" ? 1 : 0; i < args.length; i++) ArrayPush(given, args[i]);
    write(LEVEL.error, given);
  },
  clear() {},
  count(label = "default") {
    const count = (MapGet(counts, `${label}`) ?? 0) + 1;
    MapSet(counts, `${label}`, count);
    write(LEVEL.info, [`${label}: ${count}`]);
  },
  countReset(label = "default") {
    if (!MapDelete(counts, `${label}`)) write(LEVEL.warn, [`Count for '${label}' does not exist`]);
  },
  dir(value = undefined) {
    write(LEVEL.log, [value]);
  },
  group(...label) {
    openGroup(label);
  },
  groupEnd() {
    indent = StringSlice(indent, 2);
  },
  table(data = undefined, properties = undefined) {
    write(LEVEL.log, [formatTable(data, properties) ?? data]);
  },
  time(label = "default") {
    if (MapHas(timers, `${label}`)) {
      write(LEVEL.warn, [`Label '${label}' already exists for console.time()`]);
      return;
    }
    MapSet(timers, `${label}`, host.elapsed());
  },
  timeEnd(label = "default") {
    const text = elapsed(`${label}`);
    MapDelete(timers, `${label}`);
    write(text === null ? LEVEL.warn : LEVEL.log, [text ?? `No such label '${label}' for console.timeEnd()`]);
  },
  timeLog(label = "default", ...args) {
    const text = elapsed(`${label}`);
    if (text === null) {
      write(LEVEL.warn, [`No such label '${label}' for console.timeLog()`]);
      return;
    }
    const given = [text];
    for (let i = 0; i < args.length; i++) ArrayPush(given, args[i]);
    write(LEVEL.log, given);
  },
  trace(...args) {
    const label = format(args);
    write(LEVEL.error, [`Trace${label === "" ? "" : `: ${label}`}\n${new Error().stack}`]);
  },
};
for (const name of ObjectKeys(LEVEL)) {
  console[name] = { [name]: (...args) => write(LEVEL[name], args) }[name];
}
console.groupCollapsed = { groupCollapsed: (...label) => openGroup(label) }.groupCollapsed;
console.dirxml = { dirxml: (...args) => write(LEVEL.log, args) }.dirxml;
ObjectDefineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
expose("console", console);
