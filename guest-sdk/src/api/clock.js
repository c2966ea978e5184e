// performance: time since the invocation began, and the timeline of marks and measures.

import { host } from "./host.js";
import { stampWith } from "./events.js";
import { EventTarget } from "./events_target.js";
import { allEntries, clear, mark, measure, select } from "./performance_entries.js";
import { expose, exposeInterface } from "./primordials.js";

const GUARD = Symbol("guard");

function required(given, count, method) {
  if (given < count) throw new TypeError(`performance.${method} needs ${count} argument${count > 1 ? "s" : ""}`);
}

function optionalText(value) {
  return value === undefined ? undefined : `${value}`;
}

class Performance extends EventTarget {
  #ours;
  constructor(guard) {
    if (guard !== GUARD) throw new TypeError("Illegal constructor");
    super();
  }
  get timeOrigin() {
    this.#ours;
    return host.startedAt();
  }
  now() {
    this.#ours;
    return host.elapsed();
  }
  mark(markName, markOptions = undefined) {
    this.#ours;
    required(arguments.length, 1, "mark");
    return mark(markName, markOptions);
  }
  measure(measureName, startOrMeasureOptions = undefined, endMark = undefined) {
    this.#ours;
    required(arguments.length, 1, "measure");
    return measure(measureName, startOrMeasureOptions, endMark === undefined ? undefined : `${endMark}`);
  }
  clearMarks(markName = undefined) {
    this.#ours;
    clear("mark", optionalText(markName));
  }
  clearMeasures(measureName = undefined) {
    this.#ours;
    clear("measure", optionalText(measureName));
  }
  getEntries() {
    this.#ours;
    return select(allEntries(), undefined, undefined);
  }
  getEntriesByType(type) {
    this.#ours;
    required(arguments.length, 1, "getEntriesByType");
    return select(allEntries(), undefined, `${type}`);
  }
  getEntriesByName(name, type = undefined) {
    this.#ours;
    required(arguments.length, 1, "getEntriesByName");
    return select(allEntries(), `${name}`, optionalText(type));
  }
  toJSON() {
    this.#ours;
    return { timeOrigin: this.timeOrigin };
  }
}
Object.defineProperty(Performance, "length", { value: 0, configurable: true });
exposeInterface(Performance, "Performance");
expose("performance", new Performance(GUARD));
stampWith(host.elapsed);
