// Intl.DateTimeFormat.

import { among, ask, bound, coercedOptions, copied, describeConstructor, flag, hidden, Intl, keyword, localeList, made, matcher, members, numberingSystem, numberOption, option, partsOf, resolveLocale, slots, Tasks, textOf, typeOption, withKeywords } from "./intl_common.js";
import { DateGetTime, DateNow, JSONParse, JSONStringify, MathTrunc, StringConstructor, StringReplaceAll } from "./primordials.js";

const slot = slots("Intl.DateTimeFormat");

export const CALENDARS = ["buddhist", "coptic", "ethiopic", "gregory", "hebrew", "indian", "japanese", "persian", "roc"];
const ALIASES = { __proto__: null, gregorian: "gregory", "ethiopic-amete-alem": "ethiopic" };
const WIDTHS = ["narrow", "short", "long"];
const DIGITS = ["2-digit", "numeric"];
const STYLES = ["full", "long", "medium", "short"];
const ZONES = ["short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"];
const CYCLES = ["h11", "h12", "h23", "h24"];
const FIELDS = [
  ["weekday", WIDTHS],
  ["era", WIDTHS],
  ["year", DIGITS],
  ["month", ["2-digit", "numeric", "narrow", "short", "long"]],
  ["day", DIGITS],
  ["dayPeriod", WIDTHS],
  ["hour", DIGITS],
  ["minute", DIGITS],
  ["second", DIGITS],
  ["fractionalSecondDigits", null],
  ["timeZoneName", ZONES],
];
const DATE = ["weekday", "year", "month", "day"];
const TIME = ["dayPeriod", "hour", "minute", "second", "fractionalSecondDigits"];

function calendar(resolution, wanted) {
  const known = (name) => {
    const own = name === undefined ? undefined : (ALIASES[name] ?? name);
    return own !== undefined && among(CALENDARS, own) ? own : undefined;
  };
  const asked = known(keyword(resolution, "ca"));
  const used = known(wanted) ?? asked ?? resolution.calendar;
  return { __proto__: null, used, kept: asked === used ? asked : undefined };
}

function hourCycle(resolution, hour12, wanted) {
  const asked = keyword(resolution, "hc");
  const twelve = resolution.locale === "ja" || resolution.locale === "ja-JP" ? "h11" : "h12";
  if (hour12 !== undefined) return { __proto__: null, used: hour12 ? twelve : "h23", kept: undefined };
  const known = among(CYCLES, asked) ? asked : undefined;
  const used = wanted ?? known ?? resolution.hours;
  return { __proto__: null, used, kept: known === used ? known : undefined };
}

function zone(options) {
  const value = options.timeZone;
  if (value === undefined) return "UTC";
  const name = `${value}`;
  const known = ask(Tasks.zone, "", name);
  if (known === "") throw new RangeError(`Invalid time zone specified: ${name}`);
  return known;
}

function readFields(settings, options) {
  let explicit = false;
  for (let i = 0; i < FIELDS.length; i++) {
    const { 0: name, 1: values } = FIELDS[i];
    const value = values === null ? numberOption(options, name, 1, 3, undefined) : option(options, name, values, undefined);
    if (value === undefined) continue;
    explicit = true;
    settings[name] = value;
  }
  matcherOfFormats(options);
  settings.dateStyle = option(options, "dateStyle", STYLES, undefined);
  settings.timeStyle = option(options, "timeStyle", STYLES, undefined);
  return explicit;
}

function matcherOfFormats(options) {
  option(options, "formatMatcher", ["basic", "best fit"], "best fit");
}

function has(settings, names) {
  for (let i = 0; i < names.length; i++) if (settings[names[i]] !== undefined) return true;
  return false;
}

function fillIn(settings, required, defaults) {
  const wanted = (required !== "time" && has(settings, DATE)) || (required !== "date" && has(settings, TIME));
  if (wanted) return;
  if (defaults !== "time") settings.year = settings.month = settings.day = "numeric";
  if (defaults !== "date") settings.hour = settings.minute = settings.second = "numeric";
}

/** What formats dates: the options, resolved. */
export function dateSettings(locales, options, required, defaults) {
  const requested = localeList(locales);
  options = coercedOptions(options);
  matcher(options);
  const wantedCalendar = typeOption(options, "calendar");
  const wantedNumbers = typeOption(options, "numberingSystem");
  const hour12 = flag(options, "hour12", undefined);
  const wantedCycle = option(options, "hourCycle", CYCLES, undefined);
  const resolution = resolveLocale(requested, ["ca", "hc", "nu"]);
  const used = calendar(resolution, wantedCalendar);
  const system = numberingSystem(resolution, wantedNumbers);
  const cycle = hourCycle(resolution, hour12, wantedCycle);
  const settings = { __proto__: null, locale: resolution.locale, calendar: used.used, numberingSystem: system.used, timeZone: zone(options) };
  settings.tag = withKeywords(resolution.locale, ["ca", used.kept, "hc", cycle.kept, "nu", system.kept]);
  const explicit = readFields(settings, options);
  if (settings.dateStyle !== undefined || settings.timeStyle !== undefined) {
    if (explicit) throw new TypeError("Can't set option together with dateStyle or timeStyle");
    if (required === "date" && settings.timeStyle !== undefined) throw new TypeError("Invalid option : timeStyle");
    if (required === "time" && settings.dateStyle !== undefined) throw new TypeError("Invalid option : dateStyle");
  } else fillIn(settings, required, defaults);
  if (settings.hour !== undefined || settings.timeStyle !== undefined) settings.hourCycle = cycle.used;
  // Next to hours, and next to minutes, these are of two digits.
  if (settings.minute !== undefined && (settings.hour !== undefined || settings.second !== undefined)) settings.minute = "2-digit";
  if (settings.second !== undefined && settings.minute !== undefined) settings.second = "2-digit";
  return { __proto__: null, settings, text: JSONStringify(settings) };
}

const LATEST = 8.64e15;

function moment(date) {
  let value;
  if (date === undefined) value = DateNow();
  else if (isDate(date)) value = DateGetTime(date);
  else value = +date;
  if (!(value >= -LATEST && value <= LATEST)) throw new RangeError("Invalid time value");
  return StringConstructor(MathTrunc(value) + 0);
}

function isDate(value) {
  try {
    DateGetTime(value);
    return true;
  } catch {
    return false;
  }
}

/** A date in some settings. */
export function formatDate(state, date) {
  // As Node has it: much of what reads dates does not know the narrow space. Parts and ranges keep theirs.
  return StringReplaceAll(textOf(ask(Tasks.date, state.text, moment(date))), "\u202f", " ");
}

function range(state, start, end) {
  if (start === undefined || end === undefined) throw new TypeError("A range has a start and an end");
  const from = moment(start);
  return ask(Tasks.dateRange, state.text, from, moment(end));
}

function hasEnds(answer) {
  const flat = JSONParse(answer);
  for (let i = 2; i < flat.length; i += 3) if (flat[i] !== "shared") return true;
  return false;
}

function DateTimeFormat(locales = undefined, options = undefined) {
  const object = made(new.target === undefined ? DateTimeFormat : new.target, DateTimeFormat);
  const state = dateSettings(locales, options, "any", "date");
  slot.put(object, state);
  return object;
}

members(DateTimeFormat.prototype, {
  get format() {
    const state = slot.of(this);
    return (state.bound ??= bound(1, (date) => formatDate(state, date)));
  },
  formatToParts(date) {
    return partsOf(ask(Tasks.date, slot.of(this).text, moment(date)));
  },
  formatRange(startDate, endDate) {
    const answer = range(slot.of(this), startDate, endDate);
    // Two dates that look the same are one.
    return !hasEnds(answer) ? formatDate(slot.of(this), startDate) : textOf(answer);
  },
  formatRangeToParts(startDate, endDate) {
    return partsOf(range(slot.of(this), startDate, endDate), "source");
  },
  resolvedOptions() {
    const { settings } = slot.of(this);
    const cycle = settings.hourCycle;
    const hour12 = cycle === undefined ? undefined : cycle === "h11" || cycle === "h12";
    return copied({ __proto__: null, ...settings, locale: settings.tag, hour12 }, [
      "locale", "calendar", "numberingSystem", "timeZone", "hourCycle", "hour12", "weekday", "era", "year", "month", "day",
      "dayPeriod", "hour", "minute", "second", "fractionalSecondDigits", "timeZoneName", "dateStyle", "timeStyle",
    ]);
  },
});
describeConstructor(DateTimeFormat, "DateTimeFormat", ["ca", "hc", "nu"]);
hidden(Intl, "DateTimeFormat", DateTimeFormat);
