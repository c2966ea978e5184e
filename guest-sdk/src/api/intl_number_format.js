// Intl.NumberFormat.

import { ask, bound, coercedOptions, copied, describeConstructor, hidden, Intl, localeList, made, matcher, members, numberingSystem, option, partsOf, resolveLocale, slots, Tasks, textOf, typeOption, withKeywords } from "./intl_common.js";
import { DIGITS, readDigits } from "./intl_digits.js";
import { JSONStringify, ReflectApply, RegExpTest, SetHas, StringConstructor, StringSlice, StringSplit, StringToUpperCase, StringTrim, SymbolToPrimitive } from "./primordials.js";

const slot = slots("Intl.NumberFormat");

const UNITS = new Set(
  "acre bit byte celsius centimeter day degree fahrenheit fluid-ounce foot gallon gigabit gigabyte gram hectare hour inch kilobit kilobyte kilogram kilometer liter megabit megabyte meter microsecond mile mile-scandinavian milliliter millimeter millisecond minute month nanosecond ounce percent petabyte pound second stone terabit terabyte week yard year".split(
    " ",
  ),
);
export const UNIT_NAMES = [...UNITS];
const hasUnit = (unit) => SetHas(UNITS, unit);
const FRACTIONS = {
  __proto__: null,
  BHD: 3, BIF: 0, CLF: 4, CLP: 0, DJF: 0, GNF: 0, IQD: 3, ISK: 0, JOD: 3, JPY: 0, KMF: 0, KRW: 0, KWD: 3,
  LYD: 3, OMR: 3, PYG: 0, RWF: 0, TND: 3, UGX: 0, UYI: 0, UYW: 4, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0,
};
const CURRENCY = /^[a-z]{3}$/i;

function isUnit(unit) {
  if (hasUnit(unit)) return true;
  const parts = StringSplit(unit, "-per-");
  return parts.length === 2 && hasUnit(parts[0]) && hasUnit(parts[1]);
}

function readUnits(into, options) {
  into.style = option(options, "style", ["decimal", "percent", "currency", "unit"], "decimal");
  const currency = option(options, "currency", undefined, undefined);
  if (currency === undefined) {
    if (into.style === "currency") throw new TypeError("Currency code is required with currency style.");
  } else if (!RegExpTest(CURRENCY, currency)) throw new RangeError(`Invalid currency code : ${currency}`);
  const display = option(options, "currencyDisplay", ["code", "symbol", "narrowSymbol", "name"], "symbol");
  const sign = option(options, "currencySign", ["standard", "accounting"], "standard");
  const unit = option(options, "unit", undefined, undefined);
  if (unit === undefined) {
    if (into.style === "unit") throw new TypeError("Required unit is undefined");
  } else if (!isUnit(unit)) throw new RangeError(`Invalid unit argument for Intl.NumberFormat() '${unit}'`);
  const unitDisplay = option(options, "unitDisplay", ["short", "narrow", "long"], "short");
  if (into.style === "currency") {
    into.currency = StringToUpperCase(currency);
    into.currencyDisplay = display;
    into.currencySign = sign;
  }
  if (into.style === "unit") {
    into.unit = unit;
    into.unitDisplay = unitDisplay;
  }
}

function grouping(options, fallback) {
  const value = options.useGrouping;
  if (value === undefined) return fallback;
  if (value === true) return "always";
  if (value === false || value === null || !value) return false;
  const text = `${value}`;
  if (text === "true" || text === "false") return fallback;
  if (text !== "min2" && text !== "auto" && text !== "always") throw new RangeError(`Value ${text} out of range for Intl.NumberFormat options property useGrouping`);
  return text;
}

/** What formats numbers: the options, resolved. */
export function numberSettings(locales, options) {
  const requested = localeList(locales);
  options = coercedOptions(options);
  matcher(options);
  const wanted = typeOption(options, "numberingSystem");
  const resolution = resolveLocale(requested, ["nu"]);
  const system = numberingSystem(resolution, wanted);
  const settings = { __proto__: null, tag: withKeywords(resolution.locale, ["nu", system.kept]), locale: resolution.locale, numberingSystem: system.used };
  readUnits(settings, options);
  settings.notation = option(options, "notation", ["standard", "scientific", "engineering", "compact"], "standard");
  const money = settings.style === "currency" && settings.notation === "standard";
  const fraction = money ? (FRACTIONS[settings.currency] ?? 2) : 0;
  readDigits(settings, options, fraction, money ? fraction : settings.style === "percent" ? 0 : 3, settings.notation);
  const compact = option(options, "compactDisplay", ["short", "long"], "short");
  if (settings.notation === "compact") settings.compactDisplay = compact;
  settings.useGrouping = grouping(options, settings.notation === "compact" ? "min2" : "auto");
  settings.signDisplay = option(options, "signDisplay", ["auto", "never", "always", "exceptZero", "negative"], "auto");
  return { __proto__: null, settings, text: JSONStringify(settings) };
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

/** A number as the host takes it. */
export function numberText(value) {
  if (typeof value === "object" || typeof value === "function") value = toPrimitive(value);
  if (typeof value === "bigint") return StringConstructor(value);
  if (typeof value === "string") {
    const text = StringTrim(value);
    if (text.length < 400 && RegExpTest(DECIMAL, text)) return text[0] === "+" ? StringSlice(text, 1) : text;
  }
  const number = +value;
  return number === 0 && 1 / number < 0 ? "-0" : StringConstructor(number);
}

function toPrimitive(value) {
  if (value === null) return value;
  const method = value[SymbolToPrimitive];
  if (method !== undefined && method !== null) {
    const found = ReflectApply(method, value, ["number"]);
    if ((typeof found === "object" && found !== null) || typeof found === "function") throw new TypeError("Cannot convert object to primitive value");
    return found;
  }
  const own = value.valueOf;
  const found = typeof own === "function" ? ReflectApply(own, value, []) : value;
  return (typeof found === "object" && found !== null) || typeof found === "function" ? `${value}` : found;
}

/** A number in some settings. */
export function formatNumber(state, value) {
  return textOf(ask(Tasks.number, state.text, numberText(value)));
}

function range(state, from, to) {
  if (from === undefined || to === undefined) throw new TypeError("A range has a start and an end");
  const start = numberText(from);
  const end = numberText(to);
  if (start === "NaN" || end === "NaN") throw new RangeError("A range cannot begin or end with NaN");
  return ask(Tasks.numberRange, state.text, start, end);
}

function NumberFormat(locales = undefined, options = undefined) {
  const object = made(new.target === undefined ? NumberFormat : new.target, NumberFormat);
  const state = numberSettings(locales, options);
  slot.put(object, state);
  return object;
}

members(NumberFormat.prototype, {
  get format() {
    const state = slot.of(this);
    return (state.bound ??= bound(1, (value) => formatNumber(state, value)));
  },
  formatToParts(value) {
    return partsOf(ask(Tasks.number, slot.of(this).text, numberText(value)));
  },
  formatRange(start, end) {
    return textOf(range(slot.of(this), start, end));
  },
  formatRangeToParts(start, end) {
    return partsOf(range(slot.of(this), start, end), "source");
  },
  resolvedOptions() {
    const { settings } = slot.of(this);
    const options = copied({ __proto__: null, ...settings, locale: settings.tag }, [
      "locale", "numberingSystem", "style", "currency", "currencyDisplay", "currencySign", "unit", "unitDisplay",
      ...DIGITS, "useGrouping", "notation", "compactDisplay", "signDisplay", "roundingIncrement", "roundingMode",
      "roundingPriority", "trailingZeroDisplay",
    ]);
    return options;
  },
});
describeConstructor(NumberFormat, "NumberFormat", ["nu"]);
hidden(Intl, "NumberFormat", NumberFormat);
