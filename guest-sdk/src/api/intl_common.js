// Shared by all of Intl: calls to the host, locales, options, and objects with internal slots.

import { host } from "./host.js";
import {
  JSONParse,
  JSONStringify,
  MapGet,
  MapSet,
  MapSize,
  MathFloor,
  MathMax,
  MathTrunc,
  ObjectCreate,
  ObjectDefineProperty,
  ObjectHasOwn,
  RegExpTest,
  StringConstructor,
  StringToLowerCase,
  SymbolToStringTag,
} from "./primordials.js";

export const Tasks = {
  __proto__: null,
  canonicalize: 1,
  describe: 2,
  resolve: 3,
  supported: 4,
  zone: 5,
  values: 6,
  segment: 7,
  changeCase: 8,
  number: 9,
  numberRange: 10,
  date: 11,
  dateRange: 12,
  compare: 13,
  plural: 14,
  list: 15,
  relative: 16,
  names: 17,
};

/** The host's answer to a task. */
export function ask(task, settings, first = "", second = "") {
  const answer = host.intl(task, settings, first, second);
  if (typeof answer === "string") return answer;
  throw new RangeError(`Intl: ${answer[1]}`);
}

class Holder {
  constructor(object) {
    return object;
  }
}

/** A class of objects with an internal slot. */
export function slots(name) {
  class Slot extends Holder {
    #state;
    constructor(object, state) {
      super(object);
      this.#state = state;
    }
    static of(value) {
      if ((typeof value !== "object" && typeof value !== "function") || value === null || !(#state in value)) {
        throw new TypeError(`Illegal invocation: this is no ${name}`);
      }
      return value.#state;
    }
    static has(value) {
      return typeof value === "object" && value !== null && #state in value;
    }
  }
  const { of, has } = Slot;
  return { __proto__: null, of, has, put: (object, state) => new Slot(object, state) };
}

/** The object that a constructor makes, which may be of a class that extends it. */
export function made(newTarget, constructor) {
  const { prototype } = newTarget;
  const isObject = (typeof prototype === "object" && prototype !== null) || typeof prototype === "function";
  return ObjectCreate(isObject ? prototype : constructor.prototype);
}

/** A constructor's statics and tag, as Intl's constructors have them. */
export function describeConstructor(constructor, name, keys) {
  const members = {
    supportedLocalesOf(locales, options = undefined) {
      return supportedLocales(locales, options);
    },
  };
  if (keys !== null) hidden(constructor, "supportedLocalesOf", members.supportedLocalesOf);
  if (keys !== null) ObjectDefineProperty(members.supportedLocalesOf, "length", { __proto__: null, value: 1, configurable: true });
  ObjectDefineProperty(constructor, "prototype", { writable: false });
  ObjectDefineProperty(constructor.prototype, SymbolToStringTag, { __proto__: null, value: `Intl.${name}`, configurable: true });
  ObjectDefineProperty(constructor, "length", { __proto__: null, value: name === "DisplayNames" ? 2 : name === "Locale" ? 1 : 0, configurable: true });
}

/** A member as the language has its own. */
export function hidden(object, name, value) {
  ObjectDefineProperty(object, name, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
}

/** Gives a prototype its members, methods and getters. */
export function members(prototype, source) {
  for (const key of Reflect.ownKeys(source)) {
    const descriptor = Object.getOwnPropertyDescriptor(source, key);
    descriptor.enumerable = false;
    ObjectDefineProperty(prototype, key, descriptor);
  }
}

let localeTag = () => undefined;

/** Registers how an `Intl.Locale` is recognised. */
export function setLocaleTag(tagOf) {
  localeTag = tagOf;
}

function tagOf(value) {
  if (typeof value !== "string" && (typeof value !== "object" || value === null) && typeof value !== "function") {
    throw new TypeError("A locale is a string or an object");
  }
  const tag = localeTag(value) ?? StringConstructor(value);
  const canonical = ask(Tasks.canonicalize, "", tag);
  if (canonical === "") throw new RangeError(`Incorrect locale information provided: ${tag}`);
  return canonical;
}

/** Adds to a list, whatever became of `Array.prototype`. */
export function append(list, value) {
  ObjectDefineProperty(list, list.length, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

/** CanonicalizeLocaleList. */
export function localeList(locales) {
  const seen = [];
  if (locales === undefined) return seen;
  if (locales === null) throw new TypeError("null is no list of locales");
  if (typeof locales === "string" || localeTag(locales) !== undefined) {
    append(seen, tagOf(locales));
    return seen;
  }
  const list = Object(locales);
  const { length } = list;
  const count = MathMax(MathTrunc(Number(length)) || 0, 0);
  for (let i = 0; i < count; i++) {
    if (!(i in list)) continue;
    const tag = tagOf(list[i]);
    let known = false;
    for (let at = 0; at < seen.length; at++) known ||= seen[at] === tag;
    if (!known) append(seen, tag);
  }
  return seen;
}

/** Strings as JSON, whatever became of the prototypes. */
export function jsonOf(strings) {
  let text = "";
  for (let i = 0; i < strings.length; i++) text += (i > 0 ? "," : "") + JSONStringify(strings[i]);
  return `[${text}]`;
}

const resolved = new Map();
const RESOLVED_MAX = 64;

/** The locale that is used for a list of locales, and what it says of the keys. */
export function resolveLocale(requested, keys) {
  const settings = `{"locales":${jsonOf(requested)},"keys":${jsonOf(keys)}}`;
  let answer = MapGet(resolved, settings);
  if (answer === undefined) {
    answer = ask(Tasks.resolve, settings);
    if (MapSize(resolved) < RESOLVED_MAX) MapSet(resolved, settings, answer);
  }
  return JSONParse(answer);
}

/** A keyword of a resolved locale. */
export function keyword(resolution, key) {
  return ObjectHasOwn(resolution.keywords, key) ? resolution.keywords[key] : undefined;
}

/** The locale with the keywords that are in force. */
export function withKeywords(locale, keywords) {
  let tag = locale;
  for (let i = 0; i < keywords.length; i += 2) {
    if (keywords[i + 1] === undefined) continue;
    if (tag === locale) tag += "-u";
    tag += `-${keywords[i]}` + (keywords[i + 1] === "" || keywords[i + 1] === "true" ? "" : `-${keywords[i + 1]}`);
  }
  return tag;
}

function supportedLocales(locales, options) {
  const requested = localeList(locales);
  matcher(options === undefined ? ObjectCreate(null) : Object(options ?? nothing()));
  return JSONParse(ask(Tasks.supported, `{"locales":${jsonOf(requested)}}`));
}

function nothing() {
  throw new TypeError("null has no options");
}

/** GetOptionsObject. */
export function optionsObject(options) {
  if (options === undefined) return ObjectCreate(null);
  if ((typeof options === "object" && options !== null) || typeof options === "function") return options;
  throw new TypeError("Options are an object");
}

/** CoerceOptionsToObject. */
export function coercedOptions(options) {
  return options === undefined ? ObjectCreate(null) : Object(options ?? nothing());
}

/** GetOption, of a string. */
export function option(options, key, values, fallback) {
  const value = options[key];
  if (value === undefined) return fallback;
  const text = typeof value === "symbol" ? nothing() : `${value}`;
  if (values !== undefined && !among(values, text)) throw new RangeError(`Value ${text} out of range for Intl options property ${key}`);
  return text;
}

/** GetOption, of a boolean. */
export function flag(options, key, fallback) {
  const value = options[key];
  return value === undefined ? fallback : !!value;
}

export function among(values, value) {
  for (let i = 0; i < values.length; i++) if (values[i] === value) return true;
  return false;
}

/** DefaultNumberOption. */
export function numberWithin(value, least, most, fallback, key) {
  if (value === undefined) return fallback;
  const number = +value;
  if (!(number >= least && number <= most)) throw new RangeError(`${key} value is out of range.`);
  return MathFloor(number);
}

/** GetNumberOption. */
export function numberOption(options, key, least, most, fallback) {
  return numberWithin(options[key], least, most, fallback, key);
}

export function matcher(options) {
  return option(options, "localeMatcher", ["lookup", "best fit"], "best fit");
}

const TYPE = /^[a-z0-9]{3,8}(-[a-z0-9]{3,8})*$/i;

/** An option that is a type of Unicode's, such as a calendar. */
export function typeOption(options, key) {
  const value = option(options, key, undefined, undefined);
  if (value !== undefined && !RegExpTest(TYPE, value)) throw new RangeError(`Invalid ${key} : ${value}`);
  return value === undefined ? undefined : StringToLowerCase(value);
}

const SYSTEMS =
  "adlm ahom arab arabext bali beng bhks brah cakm cham deva diak fullwide gara gong gonm gujr gukh guru hanidec hmng hmnp java kali kawi khmr knda krai lana lanatham laoo latn lepc limb mathbold mathdbl mathmono mathsanb mathsans mlym modi mong mroo mtei mymr mymrepka mymrpao mymrshan mymrtlng nagm newa nkoo olck onao orya osma outlined rohg saur segment shrd sind sinh sora sund sunu takr talu tamldec telu thai tibt tirh tols vaii wara wcho".split(
    " ",
  );
export const NumberingSystems = SYSTEMS;

/** The numbering system: of the options, the locale's keyword, or the locale's own. */
export function numberingSystem(resolution, wanted) {
  const asked = keyword(resolution, "nu");
  const known = (system) => system !== undefined && among(SYSTEMS, system);
  const used = known(wanted) ? wanted : known(asked) ? asked : resolution.numbering;
  return { __proto__: null, used, kept: asked === used ? asked : undefined };
}

/** The parts that the host sent: kinds, texts and sources, one after another. */
export function partsOf(answer, source = undefined) {
  const flat = JSONParse(answer);
  const parts = [];
  for (let i = 0; i < flat.length; i += 3) {
    const part = { type: flat[i], value: flat[i + 1] };
    if (source !== undefined && flat[i + 2] !== null) ObjectDefineProperty(part, source, { __proto__: null, value: flat[i + 2], writable: true, enumerable: true, configurable: true });
    append(parts, part);
  }
  return parts;
}

/** Their text. */
export function textOf(answer) {
  const flat = JSONParse(answer);
  let text = "";
  for (let i = 1; i < flat.length; i += 3) text += flat[i];
  return text;
}

/** Adds to `object` what there is of `source`, in the order of `keys`. */
export function copied(source, keys) {
  const object = {};
  for (let i = 0; i < keys.length; i++) {
    const value = source[keys[i]];
    if (value !== undefined) ObjectDefineProperty(object, keys[i], { __proto__: null, value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

/** A function that belongs to one object, as `format` and `compare` do. */
export function bound(count, work) {
  const make = { 1: (value) => work(value), 2: (left, right) => work(left, right) };
  const made = make[count];
  ObjectDefineProperty(made, "name", { __proto__: null, value: "", configurable: true });
  return made;
}

export const Intl = {};
ObjectDefineProperty(Intl, SymbolToStringTag, { __proto__: null, value: "Intl", configurable: true });
hidden(globalThis, "Intl", Intl);

members(Intl, {
  getCanonicalLocales(locales) {
    return localeList(locales);
  },
});
