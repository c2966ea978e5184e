// The language's own methods that depend on a locale, and Intl.supportedValuesOf.

import { append, ask, hidden, Intl, localeList, members, NumberingSystems, Tasks } from "./intl_common.js";
import { collatorSettings, COLLATIONS, compare } from "./intl_collator.js";
import { dateSettings, formatDate } from "./intl_date_time_format.js";
import { formatNumber, numberSettings, UNIT_NAMES } from "./intl_number_format.js";
import { BigIntValueOf, DateGetTime, JSONParse, MapGet, MapSet, MapSize, MathMax, MathTrunc, NumberValueOf, ReflectApply, StringIndexOf, StringSlice, StringToLowerCase, StringToUpperCase, TypedArrayLength } from "./primordials.js";

const kept = new Map();
const KEPT_MAX = 32;

/** The settings for a locale that is a string, or for none, without options: made once. */
function settings(make, name, locales, options) {
  if (options !== undefined || (locales !== undefined && typeof locales !== "string")) return make(locales, options);
  const key = `${name} ${locales}`;
  let state = MapGet(kept, key);
  if (state === undefined) {
    state = make(locales, options);
    if (MapSize(kept) < KEPT_MAX) MapSet(kept, key, state);
  }
  return state;
}

function dated(date, name, required, defaults, locales, options) {
  const time = DateGetTime(date);
  if (time !== time) return "Invalid Date";
  return formatDate(settings((locales, options) => dateSettings(locales, options, required, defaults), name, locales, options), time);
}

function method(prototype, source) {
  for (const name of Object.keys(source)) {
    const { [name]: value } = source;
    Object.defineProperty(value, "length", { __proto__: null, value: name === "localeCompare" ? 1 : 0, configurable: true });
    hidden(prototype, name, value);
  }
}

method(Date.prototype, {
  toLocaleString(locales = undefined, options = undefined) {
    return dated(this, "any", "any", "all", locales, options);
  },
  toLocaleDateString(locales = undefined, options = undefined) {
    return dated(this, "date", "date", "date", locales, options);
  },
  toLocaleTimeString(locales = undefined, options = undefined) {
    return dated(this, "time", "time", "time", locales, options);
  },
});
method(Number.prototype, {
  toLocaleString(locales = undefined, options = undefined) {
    const number = NumberValueOf(this);
    return formatNumber(settings(numberSettings, "number", locales, options), number);
  },
});
method(BigInt.prototype, {
  toLocaleString(locales = undefined, options = undefined) {
    const number = BigIntValueOf(this);
    return formatNumber(settings(numberSettings, "number", locales, options), number);
  },
});

function cased(text, name, locales, plain) {
  if (text === undefined || text === null) throw new TypeError(`String.prototype.toLocale${name}Case called on null or undefined`);
  const string = `${text}`;
  const requested = localeList(locales);
  if (requested.length === 0) return plain(string);
  const tag = requested[0];
  const at = StringIndexOf(tag, "-");
  const language = at < 0 ? tag : StringSlice(tag, 0, at);
  const special = language === "tr" || language === "az" || language === "lt" || language === "el" || language === "hy";
  return special && string !== "" ? ask(Tasks.changeCase, `${name === "Upper" ? "upper" : "lower"} ${language}`, string) : plain(string);
}

method(String.prototype, {
  localeCompare(that, locales = undefined, options = undefined) {
    if (this === undefined || this === null) throw new TypeError("String.prototype.localeCompare called on null or undefined");
    const left = `${this}`;
    const right = `${that}`;
    return compare(settings(collatorSettings, "collator", locales, options), left, right);
  },
  toLocaleLowerCase(locales = undefined) {
    return cased(this, "Lower", locales, StringToLowerCase);
  },
  toLocaleUpperCase(locales = undefined) {
    return cased(this, "Upper", locales, StringToUpperCase);
  },
});

function joined(list, length, locales, options) {
  let text = "";
  for (let i = 0; i < length; i++) {
    if (i > 0) text += ",";
    const item = list[i];
    if (item === undefined || item === null) continue;
    text += `${ReflectApply(item.toLocaleString, item, [locales, options])}`;
  }
  return text;
}

const under = [];

method(Array.prototype, {
  toLocaleString(locales = undefined, options = undefined) {
    const list = Object(this ?? missing());
    for (let i = 0; i < under.length; i++) if (under[i] === list) return "";
    append(under, list);
    try {
      const { length } = list;
      return joined(list, MathMax(MathTrunc(Number(length)) || 0, 0), locales, options);
    } finally {
      under.length -= 1;
    }
  },
});
method(Object.getPrototypeOf(Uint8Array.prototype), {
  toLocaleString(locales = undefined, options = undefined) {
    return joined(this, TypedArrayLength(this), locales, options);
  },
});

function missing() {
  throw new TypeError("Cannot convert undefined or null to object");
}

const OWN = { __proto__: null, collation: COLLATIONS, numberingSystem: NumberingSystems, unit: UNIT_NAMES };

members(Intl, {
  supportedValuesOf(key) {
    const name = `${key}`;
    const own = OWN[name];
    if (own !== undefined) {
      const values = [];
      for (let i = 0; i < own.length; i++) append(values, own[i]);
      return values;
    }
    if (name !== "calendar" && name !== "currency" && name !== "timeZone") throw new RangeError(`Invalid key : ${name}`);
    return JSONParse(ask(Tasks.values, "", name));
  },
});
