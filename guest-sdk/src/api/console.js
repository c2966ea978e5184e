// console: entries go to the host as text; it counts and cuts them.

import { host } from "./host.js";
import { format } from "./inspect.js";
import { expose, MapDelete, MapGet, MapSet, ObjectDefineProperty, ObjectKeys } from "./primordials.js";

const LEVEL = { __proto__: null, debug: 0, log: 1, info: 2, warn: 3, error: 4 };
const counts = new Map();
const timers = new Map();
let indent = "";

function write(level, args) {
  let text = format(args);
  if (indent !== "") text = indent + text.replaceAll("\n", `\n${indent}`);
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
    if (typeof args[0] === "string") args[0] = `Assertion failed: ${args[0]}`;
    else args.unshift("Assertion failed");
    write(LEVEL.error, args);
  },
  clear() {},
  count(label = "default") {
    const count = (MapGet(counts, `${label}`) ?? 0) + 1;
    MapSet(counts, `${label}`, count);
    write(LEVEL.info, [`${label}: ${count}`]);
  },
  countReset(label = "default") {
    MapDelete(counts, `${label}`);
  },
  dir(value = undefined) {
    write(LEVEL.log, [value]);
  },
  group(...label) {
    openGroup(label);
  },
  groupEnd() {
    indent = indent.slice(2);
  },
  table(data = undefined) {
    write(LEVEL.log, [data]);
  },
  time(label = "default") {
    MapSet(timers, `${label}`, host.elapsed());
  },
  timeEnd(label = "default") {
    const text = elapsed(`${label}`);
    MapDelete(timers, `${label}`);
    if (text !== null) write(LEVEL.log, [text]);
  },
  timeLog(label = "default", ...args) {
    const text = elapsed(`${label}`);
    if (text !== null) write(LEVEL.log, [text, ...args]);
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
