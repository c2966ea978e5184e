// performance: time since the invocation began.

import { host } from "./host.js";
import { stampWith } from "./events.js";
import { EventTarget } from "./events_target.js";
import { expose, exposeInterface } from "./primordials.js";

const GUARD = Symbol("guard");

class Performance extends EventTarget {
  #mark;
  constructor(guard) {
    if (guard !== GUARD) throw new TypeError("Illegal constructor");
    super();
  }
  get timeOrigin() {
    this.#mark;
    return host.startedAt();
  }
  now() {
    this.#mark;
    return host.elapsed();
  }
  toJSON() {
    return { timeOrigin: this.timeOrigin };
  }
}
Object.defineProperty(Performance, "length", { value: 0, configurable: true });
exposeInterface(Performance, "Performance");
expose("performance", new Performance(GUARD));
stampWith(host.elapsed);
