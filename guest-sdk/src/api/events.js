// Event and EventTarget. There is no tree: an event's path is its target alone.

import { exposeInterface, ObjectDefineProperty } from "./primordials.js";

const NONE = 0;
const CAPTURING_PHASE = 1;
const AT_TARGET = 2;
const BUBBLING_PHASE = 3;

let flagsOf;
let typeOf;
let prevent;
let initialize;

/** A member of an event's init dictionary. */
export function initMember(init, name, standard) {
  if (init === undefined || init === null) return standard;
  const value = init[name];
  return value === undefined ? standard : value;
}

/** Refuses what no dictionary can be made of. */
export function requireInit(init, name) {
  if (init !== undefined && init !== null && typeof init !== "object" && typeof init !== "function") {
    throw new TypeError(`${name} takes its members in an object`);
  }
}

export class Event {
  #type = "";
  #bubbles = false;
  #cancelable = false;
  #composed = false;
  // What changes while the event is on its way.
  #flags = {
    __proto__: null,
    target: null,
    current: null,
    phase: NONE,
    canceled: false,
    stopped: false,
    stoppedAtOnce: false,
    dispatching: false,
    initialized: true,
    passive: false,
    trusted: false,
    timeStamp: now(),
  };
  constructor(type, init = undefined) {
    if (arguments.length === 0) throw new TypeError("Event needs a type");
    this.#type = `${type}`;
    requireInit(init, "Event");
    this.#bubbles = !!initMember(init, "bubbles", false);
    this.#cancelable = !!initMember(init, "cancelable", false);
    this.#composed = !!initMember(init, "composed", false);
    ObjectDefineProperty(this, "isTrusted", IS_TRUSTED);
  }
  get type() {
    return this.#type;
  }
  get target() {
    return this.#flags.target;
  }
  get srcElement() {
    return this.#flags.target;
  }
  get currentTarget() {
    return this.#flags.current;
  }
  composedPath() {
    return this.#flags.current === null ? [] : [this.#flags.current];
  }
  get eventPhase() {
    return this.#flags.phase;
  }
  stopPropagation() {
    this.#flags.stopped = true;
  }
  get cancelBubble() {
    return this.#flags.stopped;
  }
  set cancelBubble(value) {
    if (value) this.#flags.stopped = true;
    else this.#flags;
  }
  stopImmediatePropagation() {
    this.#flags.stopped = true;
    this.#flags.stoppedAtOnce = true;
  }
  get bubbles() {
    return this.#bubbles;
  }
  get cancelable() {
    return this.#cancelable;
  }
  get returnValue() {
    return !this.#flags.canceled;
  }
  set returnValue(value) {
    if (!value) cancel(this.#flags, this.#cancelable);
    else this.#flags;
  }
  preventDefault() {
    cancel(this.#flags, this.#cancelable);
  }
  get defaultPrevented() {
    return this.#flags.canceled;
  }
  get composed() {
    return this.#composed;
  }
  get timeStamp() {
    return this.#flags.timeStamp;
  }
  initEvent(type, bubbles = false, cancelable = false) {
    if (arguments.length === 0) throw new TypeError("initEvent needs a type");
    initialize(this, `${type}`, !!bubbles, !!cancelable);
  }
  static {
    flagsOf = (event) => (typeof event === "object" && event !== null && #flags in event ? event.#flags : undefined);
    typeOf = (event) => event.#type;
    prevent = (event) => cancel(event.#flags, event.#cancelable);
    initialize = (event, type, bubbles, cancelable) => {
      const flags = event.#flags;
      if (flags.dispatching) return false;
      flags.initialized = true;
      flags.stopped = flags.stoppedAtOnce = flags.canceled = flags.trusted = false;
      flags.target = null;
      event.#type = type;
      event.#bubbles = bubbles;
      event.#cancelable = cancelable;
      return true;
    };
  }
}
const PHASES = [
  ["NONE", NONE],
  ["CAPTURING_PHASE", CAPTURING_PHASE],
  ["AT_TARGET", AT_TARGET],
  ["BUBBLING_PHASE", BUBBLING_PHASE],
];
for (const [name, value] of PHASES) {
  ObjectDefineProperty(Event, name, { value, enumerable: true });
  ObjectDefineProperty(Event.prototype, name, { value, enumerable: true });
}
const IS_TRUSTED = {
  __proto__: null,
  get: Object.getOwnPropertyDescriptor(
    {
      get isTrusted() {
        const flags = flagsOf(this);
        if (flags === undefined) throw new TypeError("Illegal invocation: this is not an Event");
        return flags.trusted;
      },
    },
    "isTrusted",
  ).get,
  enumerable: true,
};
exposeInterface(Event, "Event");

function cancel(flags, cancelable) {
  if (cancelable && !flags.passive) flags.canceled = true;
}

let clock = () => 0;
function now() {
  return clock();
}

/** Lets events be stamped with `performance.now()`, once that is there. */
export function stampWith(elapsed) {
  clock = elapsed;
}

/** What an event carries along, or `undefined` where `value` is none. */
export function eventFlags(value) {
  return flagsOf(value);
}

/** `initEvent`, for the kinds of events that have more to set; `false` while the event is on its way. */
export function initializeEvent(event, type, bubbles, cancelable) {
  return initialize(event, type, bubbles, cancelable);
}

/** The event's type, whatever its class makes of `type`. */
export function eventType(event) {
  return typeOf(event);
}

/** `preventDefault`, whatever its class makes of it. */
export function preventDefault(event) {
  prevent(event);
}

/** Marks an event as the platform's own. */
export function trusted(event) {
  flagsOf(event).trusted = true;
  return event;
}

export const PHASE_AT_TARGET = AT_TARGET;
export const PHASE_NONE = NONE;
