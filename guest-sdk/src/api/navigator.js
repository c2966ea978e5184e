// navigator: the name of the platform.

import { expose, exposeInterface } from "./primordials.js";

const GUARD = Symbol("guard");

class Navigator {
  #mark;
  constructor(guard) {
    if (guard !== GUARD) throw new TypeError("Illegal constructor");
  }
  get userAgent() {
    this.#mark;
    return "Mayfly";
  }
}
Object.defineProperty(Navigator, "length", { value: 0, configurable: true });
exposeInterface(Navigator, "Navigator");
expose("navigator", new Navigator(GUARD));
