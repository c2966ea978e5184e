// ByteLengthQueuingStrategy and CountQueuingStrategy.

import { exposeInterface } from "./primordials.js";

const byteLengthSize = { size: (chunk) => chunk.byteLength }.size;
const countSize = { size: () => 1 }.size;

function markOf(init, name) {
  if (init === null || (typeof init !== "object" && typeof init !== "function")) {
    throw new TypeError(`${name} takes an object with highWaterMark`);
  }
  const mark = init.highWaterMark;
  if (mark === undefined) throw new TypeError(`${name} takes an object with highWaterMark`);
  return +mark;
}

class ByteLengthQueuingStrategy {
  #highWaterMark;
  constructor(init) {
    this.#highWaterMark = markOf(init, "ByteLengthQueuingStrategy");
  }
  get highWaterMark() {
    return this.#highWaterMark;
  }
  get size() {
    this.#highWaterMark;
    return byteLengthSize;
  }
}

class CountQueuingStrategy {
  #highWaterMark;
  constructor(init) {
    this.#highWaterMark = markOf(init, "CountQueuingStrategy");
  }
  get highWaterMark() {
    return this.#highWaterMark;
  }
  get size() {
    this.#highWaterMark;
    return countSize;
  }
}

exposeInterface(ByteLengthQueuingStrategy, "ByteLengthQueuingStrategy");
exposeInterface(CountQueuingStrategy, "CountQueuingStrategy");
