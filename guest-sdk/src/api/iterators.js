// Pair iterators of Headers, URLSearchParams and FormData. They are live: changes during the iteration are seen.

import { ObjectDefineProperty, ReflectApply, SymbolIterator } from "./primordials.js";

const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
let stateOf;

class Holder {
  constructor(object) {
    return object;
  }
}

// Marks an object that has an iterator's prototype, which has no constructor.
class Mark extends Holder {
  #state;
  constructor(object, state) {
    super(object);
    this.#state = state;
  }
  static {
    stateOf = (value) => (typeof value === "object" && value !== null && #state in value ? value.#state : undefined);
  }
}

/** Gives `constructor` the members of an iterable of pairs; `pairsOf` has its pairs, and throws where `this` is no such object. */
export function definePairs(constructor, name, pairsOf) {
  const prototype = {
    __proto__: IteratorPrototype,
    next() {
      const state = stateOf(this);
      if (state === undefined || state.name !== name) throw new TypeError(`Illegal invocation: no ${name} Iterator`);
      const pairs = pairsOf(state.target);
      if (state.index >= pairs.length) return { value: undefined, done: true };
      return { value: state.item(pairs[state.index++]), done: false };
    },
  };
  ObjectDefineProperty(prototype, Symbol.toStringTag, { value: `${name} Iterator`, configurable: true });
  const iterate = (target, item) => {
    pairsOf(target);
    const iterator = { __proto__: prototype };
    new Mark(iterator, { __proto__: null, name, target, item, index: 0 });
    return iterator;
  };
  const members = {
    entries() {
      return iterate(this, (pair) => [pair[0], pair[1]]);
    },
    forEach(callback, self = undefined) {
      let pairs = pairsOf(this);
      if (typeof callback !== "function") throw new TypeError("forEach needs a function");
      for (let i = 0; i < pairs.length; i++) {
        ReflectApply(callback, self, [pairs[i][1], pairs[i][0], this]);
        pairs = pairsOf(this);
      }
    },
    keys() {
      return iterate(this, (pair) => pair[0]);
    },
    values() {
      return iterate(this, (pair) => pair[1]);
    },
  };
  for (const key of Object.keys(members)) {
    ObjectDefineProperty(constructor.prototype, key, {
      value: members[key],
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  ObjectDefineProperty(constructor.prototype, SymbolIterator, {
    value: members.entries,
    writable: true,
    configurable: true,
  });
}
