// Intl.Locale.

import { append, ask, coercedOptions, describeConstructor, flag, hidden, Intl, made, members, option, setLocaleTag, slots, Tasks, typeOption } from "./intl_common.js";
import { JSONParse, ObjectHasOwn, RegExpTest, StringConstructor, StringIndexOf, StringSlice, StringSplit, StringToLowerCase } from "./primordials.js";

const slot = slots("Intl.Locale");
setLocaleTag((value) => (slot.has(value) ? slot.of(value).tag : undefined));

const LANGUAGE = /^([a-z]{2,3}|[a-z]{5,8})$/i;
const SCRIPT = /^[a-z]{4}$/i;
const VARIANTS = /^([a-z0-9]{5,8}|\d[a-z0-9]{3})(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*$/i;
const REGION = /^([a-z]{2}|\d{3})$/i;

function described(tag) {
  const answer = ask(Tasks.describe, "", tag);
  if (answer === "") throw new RangeError(`Incorrect locale information provided: ${tag}`);
  return JSONParse(answer);
}

function subtag(options, key, shape) {
  const value = option(options, key, undefined, undefined);
  if (value !== undefined && !RegExpTest(shape, value)) throw new RangeError(`Invalid ${key} : ${value}`);
  return value;
}

/** What follows the base name. */
function extensions(about) {
  return StringSlice(about.tag, about.baseName.length);
}

function withSubtags(about, options) {
  const language = subtag(options, "language", LANGUAGE) ?? about.language;
  const script = subtag(options, "script", SCRIPT) ?? about.script;
  const region = subtag(options, "region", REGION) ?? about.region;
  let tag = language;
  if (script !== null) tag += `-${script}`;
  if (region !== null) tag += `-${region}`;
  const variants = options.variants;
  const given = variants === undefined ? about.variants : `${variants}`;
  if (variants !== undefined && !RegExpTest(VARIANTS, given)) throw new RangeError(`Invalid variants : ${given}`);
  if (given !== null) tag += `-${given}`;
  return tag + extensions(about);
}

function withKeyword(tag, key, value) {
  if (value === undefined) return tag;
  // Of a keyword that is there twice the first one counts.
  const at = StringIndexOf(tag, "-u-");
  const text = value === "" || value === "true" ? key : `${key}-${value}`;
  if (at >= 0) return `${StringSlice(tag, 0, at)}-u-${text}${StringSlice(tag, at + 2)}`;
  const privateAt = StringIndexOf(tag, "-x-");
  return privateAt < 0 ? `${tag}-u-${text}` : `${StringSlice(tag, 0, privateAt)}-u-${text}${StringSlice(tag, privateAt)}`;
}

function without(tag, key) {
  const at = StringIndexOf(tag, "-u-");
  if (at < 0) return tag;
  const parts = StringSplit(StringSlice(tag, at + 3), "-");
  let kept = "";
  let skipping = false;
  let ended = false;
  for (let i = 0; i < parts.length; i++) {
    ended ||= parts[i].length === 1;
    if (!ended && parts[i].length === 2) skipping = parts[i] === key;
    if (ended || !skipping) kept += `-${parts[i]}`;
  }
  const hasKeywords = kept !== "" && !RegExpTest(/^-[a-z0-9]-/, kept);
  return StringSlice(tag, 0, at) + (hasKeywords ? `-u${kept}` : kept);
}

function withKeywords(tag, options) {
  const calendar = typeOption(options, "calendar");
  const collation = typeOption(options, "collation");
  const firstDay = options.firstDayOfWeek;
  const hours = option(options, "hourCycle", ["h11", "h12", "h23", "h24"], undefined);
  const first = option(options, "caseFirst", ["upper", "lower", "false"], undefined);
  const numeric = flag(options, "numeric", undefined);
  const numbers = typeOption(options, "numberingSystem");
  const values = { __proto__: null, ca: calendar, co: collation, fw: firstDay === undefined ? undefined : day(firstDay), hc: hours, kf: first, kn: numeric === undefined ? undefined : StringConstructor(numeric), nu: numbers };
  let found = tag;
  for (let i = 0; i < KEYS.length; i++) {
    const key = KEYS[i];
    if (values[key] !== undefined) found = withKeyword(without(found, key), key, values[key]);
  }
  return found;
}

const KEYS = ["ca", "co", "fw", "hc", "kf", "kn", "nu"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"];

function day(value) {
  const name = `${value}`;
  if (name.length === 1 && name >= "0" && name <= "7") return DAYS[+name];
  if (!RegExpTest(/^[a-z0-9]{3,8}(-[a-z0-9]{3,8})*$/i, name)) throw new RangeError("Invalid firstDayOfWeek");
  return StringToLowerCase(name);
}

function Locale(tag, options = undefined) {
  if (new.target === undefined) throw new TypeError("Constructor Intl.Locale requires 'new'");
  if (typeof tag !== "string" && (typeof tag !== "object" || tag === null) && typeof tag !== "function") throw new TypeError("First argument to Intl.Locale constructor can't be empty or missing");
  const object = made(new.target, Locale);
  let about = described(slot.has(tag) ? slot.of(tag).tag : `${tag}`);
  if (options !== undefined) {
    options = coercedOptions(options);
    about = described(withSubtags(about, options));
    about = described(withKeywords(about.tag, options));
  }
  slot.put(object, about);
  return object;
}

function keyword(locale, key) {
  const { keywords } = slot.of(locale);
  return ObjectHasOwn(keywords, key) ? keywords[key] : undefined;
}

members(Locale.prototype, {
  toString() {
    return slot.of(this).tag;
  },
  maximize() {
    return new Locale(slot.of(this).maximized);
  },
  minimize() {
    return new Locale(slot.of(this).minimized);
  },
  getTextInfo() {
    return { direction: slot.of(this).rightToLeft ? "rtl" : "ltr" };
  },
  getHourCycles() {
    return [keyword(this, "hc") ?? slot.of(this).hours];
  },
  getCalendars() {
    return [keyword(this, "ca") ?? slot.of(this).calendar];
  },
  getCollations() {
    return keyword(this, "co") === undefined ? ["emoji", "eor"] : [keyword(this, "co")];
  },
  getNumberingSystems() {
    return [keyword(this, "nu") ?? slot.of(this).numbering];
  },
  getTimeZones() {
    const { region, zones } = slot.of(this);
    if (region === null) return undefined;
    const copy = [];
    for (let i = 0; i < zones.length; i++) append(copy, zones[i]);
    return copy;
  },
  getWeekInfo() {
    const { week } = slot.of(this);
    const own = keyword(this, "fw");
    let firstDay = week[0];
    for (let i = 1; i < DAYS.length; i++) if (DAYS[i] === own) firstDay = i;
    const weekend = [];
    for (let i = 1; i < week.length; i++) append(weekend, week[i]);
    return { firstDay, weekend };
  },
  get baseName() {
    return slot.of(this).baseName;
  },
  get calendar() {
    return keyword(this, "ca");
  },
  get caseFirst() {
    return keyword(this, "kf");
  },
  get collation() {
    return keyword(this, "co");
  },
  get firstDayOfWeek() {
    return keyword(this, "fw");
  },
  get hourCycle() {
    return keyword(this, "hc");
  },
  get language() {
    return slot.of(this).language;
  },
  get numberingSystem() {
    return keyword(this, "nu");
  },
  get numeric() {
    const value = keyword(this, "kn");
    return value === "" || value === "true";
  },
  get region() {
    return slot.of(this).region ?? undefined;
  },
  get script() {
    return slot.of(this).script ?? undefined;
  },
  get variants() {
    return slot.of(this).variants ?? undefined;
  },
});
describeConstructor(Locale, "Locale", null);
hidden(Intl, "Locale", Locale);
