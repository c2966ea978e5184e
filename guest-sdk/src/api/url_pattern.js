// URLPattern: the parts of a pattern are regular expressions, made natively and matched by the language.

import { host } from "./host.js";
import { ArrayPush, exposeInterface, ObjectDefineProperty, RegExpMatch, RegExpTest, StringToWellFormed } from "./primordials.js";

const PARTS = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];
const BASE = PARTS.length;

function usv(value) {
  return StringToWellFormed(`${value}`);
}

function isDictionary(value) {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}

/** The members of an init dictionary, `null` where one is missing, and the base URL behind them. */
function convertInit(init) {
  const base = init.baseURL;
  const parts = [];
  for (let i = 0; i < PARTS.length; i++) {
    const value = init[PARTS[i]];
    ArrayPush(parts, value === undefined ? null : usv(value));
  }
  ArrayPush(parts, base === undefined ? null : usv(base));
  return parts;
}

/** Makes the pattern, answering what its making asks. */
function parse(make) {
  for (;;) {
    const made = make();
    if (typeof made[0] !== "string") return made;
    host.patternAnswer(made[0], made[1], made[2], RegExpTest(new RegExp(made[0], made[1]), made[2]));
  }
}

function compile(part, flags) {
  try {
    return { __proto__: null, pattern: part[0], expression: new RegExp(part[1], flags), names: part[2] };
  } catch {
    throw new TypeError("Not a URL pattern: a group is no regular expression");
  }
}

/** The second and third argument of the constructor, whichever of its two forms is used. */
function splitArguments(second, third) {
  if (isDictionary(second) || (second === undefined && third === undefined)) return { base: undefined, options: second };
  return { base: second === undefined ? undefined : usv(second), options: third };
}

class URLPattern {
  #parts = [];
  #hasGroups;
  constructor(input = { __proto__: null }, second = undefined, third = undefined) {
    const given = isDictionary(input) ? convertInit(input) : usv(input);
    const { base, options } = splitArguments(second, third);
    if (options !== undefined && options !== null && !isDictionary(options)) throw new TypeError("The options must be an object");
    const ignoreCase = !!options?.ignoreCase;
    if (typeof given !== "string" && base !== undefined) throw new TypeError("An object has its base URL within it");
    const parts = parse(() =>
      typeof given === "string"
        ? host.patternOfText(given, base ?? null, ignoreCase)
        : host.patternOfParts(given, ignoreCase),
    );
    for (let i = 0; i < PARTS.length; i++) ArrayPush(this.#parts, compile(parts[i], ignoreCase ? "vi" : "v"));
    this.#hasGroups = parts[PARTS.length];
  }
  get protocol() {
    return this.#parts[0].pattern;
  }
  get username() {
    return this.#parts[1].pattern;
  }
  get password() {
    return this.#parts[2].pattern;
  }
  get hostname() {
    return this.#parts[3].pattern;
  }
  get port() {
    return this.#parts[4].pattern;
  }
  get pathname() {
    return this.#parts[5].pattern;
  }
  get search() {
    return this.#parts[6].pattern;
  }
  get hash() {
    return this.#parts[7].pattern;
  }
  get hasRegExpGroups() {
    return this.#hasGroups;
  }
  test(input = { __proto__: null }, baseURL = undefined) {
    return match(this.#parts, convertInput(input, baseURL)) !== null;
  }
  exec(input = { __proto__: null }, baseURL = undefined) {
    const converted = convertInput(input, baseURL);
    const texts = [];
    const found = match(this.#parts, converted, texts);
    if (found === null) return null;
    const result = { inputs: converted.inputs };
    for (let i = 0; i < PARTS.length; i++) {
      const groups = {};
      const { names } = this.#parts[i];
      for (let j = 0; j < names.length; j++) define(groups, names[j], found[i][j + 1]);
      define(result, PARTS[i], { input: texts[i], groups });
    }
    return result;
  }
}
exposeInterface(URLPattern, "URLPattern");

function convertInput(input, baseURL) {
  const base = baseURL === undefined ? null : usv(baseURL);
  if (!isDictionary(input)) {
    const text = usv(input);
    return { __proto__: null, parts: host.patternInputOfText(text, base), inputs: base === null ? [text] : [text, base] };
  }
  const parts = convertInit(input);
  if (base !== null) throw new TypeError("An object has its base URL within it");
  const copy = {};
  for (let i = 0; i < PARTS.length; i++) if (parts[i] !== null) define(copy, PARTS[i], parts[i]);
  if (parts[BASE] !== null) define(copy, "baseURL", parts[BASE]);
  return { __proto__: null, parts: host.patternInputOfParts(parts), inputs: [copy] };
}

function define(object, key, value) {
  ObjectDefineProperty(object, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

/** What each part's expression found, or `null` where one found nothing; the texts go to `texts`. */
function match(parts, { parts: input }, texts) {
  if (input === undefined) return null;
  const found = [];
  for (let i = 0; i < PARTS.length; i++) {
    const result = RegExpMatch(parts[i].expression, input[i]);
    if (result === null) return null;
    ArrayPush(found, result);
    if (texts !== undefined) ArrayPush(texts, input[i]);
  }
  return found;
}
