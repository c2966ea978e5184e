// The timeline of `performance`: marks, and measures between them.

import { deserialize, serialize } from "./clone.js";
import { DOMException } from "./exceptions.js";
import { host } from "./host.js";
import { ArrayPush, exposeInterface, NumberIsFinite } from "./primordials.js";

const GUARD = Symbol("guard");
// More than these are not kept on the timeline; the function that made one still has it.
const ENTRIES_MAX = 10_000;

const timeline = { __proto__: null, entries: [] };
const watchers = [];
let partsOf;

class PerformanceEntry {
  #parts;
  constructor(guard, parts) {
    if (guard !== GUARD) throw new TypeError("Illegal constructor");
    this.#parts = parts;
  }
  get name() {
    return this.#parts.name;
  }
  get entryType() {
    return this.#parts.type;
  }
  get startTime() {
    return this.#parts.start;
  }
  get duration() {
    return this.#parts.duration;
  }
  toJSON() {
    const { name, type, start, duration, detail } = this.#parts;
    return { name, entryType: type, startTime: start, duration, detail };
  }
  static {
    partsOf = (entry) => entry.#parts;
  }
}
Object.defineProperty(PerformanceEntry, "length", { value: 0, configurable: true });
exposeInterface(PerformanceEntry, "PerformanceEntry");

/** A copy, so that an entry's detail cannot be changed. */
function copyOf(detail) {
  return detail === undefined || detail === null ? null : deserialize(serialize(detail, [])).value;
}

function timeOf(value, what) {
  const time = +value;
  if (!NumberIsFinite(time)) throw new TypeError(`${what} must be a finite number`);
  if (time < 0) throw new TypeError(`${what} must not be negative`);
  return time;
}

function optionsOf(options) {
  if (options === undefined || options === null) return { __proto__: null };
  if (typeof options !== "object" && typeof options !== "function") throw new TypeError("The options must be an object");
  return options;
}

class PerformanceMark extends PerformanceEntry {
  #detail;
  constructor(markName, markOptions = undefined) {
    if (arguments.length === 0) throw new TypeError("PerformanceMark needs a name");
    const name = `${markName}`;
    const { detail, startTime } = optionsOf(markOptions);
    const start = startTime === undefined ? host.elapsed() : timeOf(startTime, "startTime");
    const copy = copyOf(detail);
    super(GUARD, { __proto__: null, name, type: "mark", start, duration: 0, detail: copy });
    this.#detail = copy;
  }
  get detail() {
    return this.#detail;
  }
}
Object.defineProperty(PerformanceMark, "length", { value: 1, configurable: true });
exposeInterface(PerformanceMark, "PerformanceMark");

class PerformanceMeasure extends PerformanceEntry {
  #detail;
  constructor(guard, parts) {
    super(guard, parts);
    this.#detail = parts.detail;
  }
  get detail() {
    return this.#detail;
  }
}
Object.defineProperty(PerformanceMeasure, "length", { value: 0, configurable: true });
exposeInterface(PerformanceMeasure, "PerformanceMeasure");

function add(entry) {
  if (timeline.entries.length < ENTRIES_MAX) ArrayPush(timeline.entries, entry);
  for (let i = 0; i < watchers.length; i++) watchers[i](entry, partsOf(entry).type);
  return entry;
}

/** Calls `watch` with each entry that is made from now on, and its type. */
export function onEntry(watch) {
  ArrayPush(watchers, watch);
}

export function mark(name, options) {
  return add(new PerformanceMark(name, options));
}

/** When something was: a time, or a mark's name. */
function momentOf(given) {
  if (typeof given === "number") return timeOf(given, "A time");
  const name = `${given}`;
  const { entries } = timeline;
  for (let i = entries.length - 1; i >= 0; i--) {
    const parts = partsOf(entries[i]);
    if (parts.type === "mark" && parts.name === name) return parts.start;
  }
  throw new DOMException(`There is no mark '${name}'`, "SyntaxError");
}

function convertMeasure(startOrOptions) {
  if (startOrOptions === undefined || startOrOptions === null) return { __proto__: null, given: false };
  if (typeof startOrOptions !== "object" && typeof startOrOptions !== "function") {
    return { __proto__: null, given: false, start: `${startOrOptions}` };
  }
  const { detail, duration, end, start } = startOrOptions;
  const given = detail !== undefined || duration !== undefined || end !== undefined || start !== undefined;
  return { __proto__: null, given, detail, duration, end, start };
}

function checkMeasure({ given, start, end, duration }, endMark) {
  if (!given) return;
  if (endMark !== undefined) throw new TypeError("A measure with options has its end in them");
  if (start === undefined && end === undefined) throw new TypeError("A measure's options name a start or an end");
  if (start !== undefined && end !== undefined && duration !== undefined) {
    throw new TypeError("A measure has a start, an end and a duration of which two are given");
  }
}

export function measure(measureName, startOrOptions, endMark) {
  const name = `${measureName}`;
  const options = convertMeasure(startOrOptions);
  const { start, end, duration, detail } = options;
  checkMeasure(options, endMark);
  const length = duration === undefined ? undefined : timeOf(duration, "duration");
  const finish = endMark ?? end;
  let to = finish === undefined ? host.elapsed() : momentOf(finish);
  let from = start === undefined ? 0 : momentOf(start);
  if (length !== undefined && start !== undefined) to = from + length;
  else if (length !== undefined) from = to - length;
  return add(
    new PerformanceMeasure(GUARD, { __proto__: null, name, type: "measure", start: from, duration: to - from, detail: copyOf(detail) }),
  );
}

/** Forgets the entries of a type, all or those of a name. */
export function clear(type, name) {
  const kept = [];
  const { entries } = timeline;
  for (let i = 0; i < entries.length; i++) {
    const parts = partsOf(entries[i]);
    if (parts.type !== type || (name !== undefined && parts.name !== name)) ArrayPush(kept, entries[i]);
  }
  timeline.entries = kept;
}

/** Those of some entries that have this name and this type, where given, by the time at which they began. */
export function select(entries, name, type) {
  const chosen = [];
  for (let i = 0; i < entries.length; i++) {
    const parts = partsOf(entries[i]);
    if ((name === undefined || parts.name === name) && (type === undefined || parts.type === type)) ArrayPush(chosen, entries[i]);
  }
  return byStart(chosen);
}

/** Stable: halves are merged. */
function byStart(entries) {
  if (entries.length < 2) return entries;
  const middle = entries.length >> 1;
  const left = [];
  const right = [];
  for (let k = 0; k < entries.length; k++) ArrayPush(k < middle ? left : right, entries[k]);
  return merge(byStart(left), byStart(right));
}

function merge(left, right) {
  const merged = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const isLeft = j >= right.length || (i < left.length && partsOf(left[i]).start <= partsOf(right[j]).start);
    ArrayPush(merged, isLeft ? left[i++] : right[j++]);
  }
  return merged;
}

export function allEntries() {
  return timeline.entries;
}
