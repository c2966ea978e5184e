// Writes `cldr.deflate`, under the licence of Unicode (Unicode-3.0): what `Intl` needs of CLDR that ICU4X does not offer, which is the patterns of dates by their
// skeletons, the patterns of numbers and the words that come with them. A line is JSON: a locale, its parent, a section, and
// what of that section the parent's does not have.
//
//     npm pack cldr-core@48.2.0 cldr-dates-full@48.2.0 cldr-numbers-full@48.2.0 cldr-units-full@48.2.0 \
//         cldr-cal-hebrew-full@48.2.0   # and unpack each
//     node cldr.mjs FOLDER-OF-THE-PACKAGES
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { join } from "node:path";

const [, , root] = process.argv;
const CALENDARS = ["hebrew"];
const json = (...path) => JSON.parse(readFileSync(join(root, ...path), "utf8"));
const parents = json("cldr-core", "supplemental", "parentLocales.json").supplemental.parentLocales.parentLocale;
const preferred = json("cldr-core", "supplemental", "timeData.json").supplemental.timeData;

function calendar(data) {
  const { dateFormats, timeFormats, dateTimeFormats } = data;
  const lengths = (formats) => ["full", "long", "medium", "short"].map((length) => formats[length]?._value ?? formats[length]);
  const kept = ([skeleton]) => /^[GyMLEdHhmsBvz]+$/.test(skeleton);
  const { intervalFormatFallback, ...intervals } = dateTimeFormats.intervalFormats;
  return {
    date: lengths(dateFormats),
    time: lengths(timeFormats),
    join: lengths(dateTimeFormats),
    at: lengths(data["dateTimeFormats-atTime"].standard),
    formats: Object.fromEntries(Object.entries(dateTimeFormats.availableFormats).filter(kept)),
    between: intervalFormatFallback,
    intervals: Object.fromEntries(Object.entries(intervals).filter(kept)),
  };
}

function numbers(data) {
  const system = data.defaultNumberingSystem;
  const of = (name, numbering) => data[`${name}-numberSystem-${numbering}`] ?? data[`${name}-numberSystem-latn`];
  const systems = {};
  for (const numbering of new Set([system, "latn"])) {
    const symbols = of("symbols", numbering);
    const money = of("currencyFormats", numbering);
    systems[numbering] = {
      symbols: [symbols.minusSign, symbols.plusSign, symbols.percentSign, symbols.exponential, symbols.infinity, symbols.nan, symbols.decimal],
      decimal: of("decimalFormats", numbering).standard,
      percent: of("percentFormats", numbering).standard,
      money: [money.standard, money["standard-alphaNextToNumber"] ?? money.standard, money.accounting, money["accounting-alphaNextToNumber"] ?? money.accounting],
      names: plurals(money, "unitPattern-count-"),
      short: compact(of("decimalFormats", numbering).short),
      long: compact(of("decimalFormats", numbering).long),
      money_short: compact(money.short ?? {}),
      range: of("miscPatterns", numbering)?.range ?? "{0}–{1}",
    };
  }
  return { system, systems, grouping: Number(data.minimumGroupingDigits) };
}

/** The patterns of a notation by the power of ten from which they hold, and by plural. */
function compact({ decimalFormat, standard }) {
  const patterns = {};
  for (const [key, pattern] of Object.entries(decimalFormat ?? standard ?? {})) {
    const { 1: from, 2: count, 3: alpha } = /^(10*)-count-([a-z]+)(-alt.*)?$/.exec(key) ?? {};
    if (from !== undefined && alpha === undefined) (patterns[from.length - 1] ??= {})[count] = pattern;
  }
  return patterns;
}

/** The same key for each plural, out of keys that end with them. */
function plurals(entries, prefix) {
  const found = {};
  for (const [key, value] of Object.entries(entries ?? {})) if (key.startsWith(prefix)) found[key.slice(prefix.length)] = value;
  return found;
}

const UNITS = `acre bit byte celsius centimeter day degree fahrenheit fluid-ounce foot gallon gigabit gigabyte gram hectare hour inch
  kilobit kilobyte kilogram kilometer liter megabit megabyte meter microsecond mile mile-scandinavian milliliter millimeter
  millisecond minute month nanosecond ounce percent petabyte pound second stone terabit terabyte week yard year`.split(/\s+/);

function units(data) {
  const found = {};
  for (const width of ["long", "short", "narrow"]) {
    const keys = Object.keys(data[width]);
    const named = (unit) => data[width][keys.find((key) => key.replace(/^[a-z]+-/, "") === unit)];
    found[width] = { per: data[width].per.compoundUnitPattern };
    for (const unit of UNITS) {
      const entry = named(unit);
      found[width][unit] = plurals(entry, "unitPattern-count-");
      if (entry.perUnitPattern) found[width][unit].per = entry.perUnitPattern;
    }
    for (const unit of ["kilometer-per-hour", "mile-per-hour", "mile-per-gallon", "liter-per-kilometer", "meter-per-second"]) {
      if (named(unit)) found[width][unit] = plurals(named(unit), "unitPattern-count-");
    }
  }
  return found;
}

function relative(fields) {
  const found = {};
  for (const unit of ["second", "minute", "hour", "day", "week", "month", "quarter", "year"]) {
    for (const width of ["", "-short", "-narrow"]) {
      const entry = fields[unit + width];
      found[unit + width] = {
        words: plurals(entry, "relative-type-"),
        past: plurals(entry["relativeTime-type-past"], "relativeTimePattern-count-"),
        future: plurals(entry["relativeTime-type-future"], "relativeTimePattern-count-"),
      };
    }
  }
  return found;
}

function moneyNames(currencies) {
  const own = {};
  for (const [code, entry] of Object.entries(currencies)) {
    const counts = plurals(entry, "displayName-count-");
    if (entry.displayName && entry.displayName !== code) own[code] = { ...counts, name: entry.displayName };
  }
  return own;
}

function symbols(currencies) {
  const own = {};
  for (const [code, { symbol, "symbol-alt-narrow": narrow }] of Object.entries(currencies)) {
    if ((symbol && symbol !== code) || narrow) own[code] = [symbol ?? code, narrow ?? symbol ?? code];
  }
  return own;
}

function locale(name) {
  const main = (pack, file) => json(pack, "main", name, file).main[name];
  const dates = main("cldr-dates-full", "ca-gregorian.json").dates.calendars;
  const generic = main("cldr-dates-full", "ca-generic.json").dates.calendars;
  const amounts = main("cldr-numbers-full", "numbers.json").numbers;
  const { currencies } = main("cldr-numbers-full", "currencies.json").numbers;
  return {
    gregory: calendar(dates.gregorian),
    generic: calendar(generic.generic),
    numbers: numbers(amounts),
    symbols: symbols(currencies),
    money: moneyNames(currencies),
    units: units(main("cldr-units-full", "units.json").units),
    ...Object.fromEntries(CALENDARS.map((name) => [name, own(generic.generic, main(`cldr-cal-${name}-full`, `ca-${name}.json`).dates.calendars[name])])),
    relative: relative(main("cldr-dates-full", "dateFields.json").dates.fields),
  };
}

/** What a calendar has that is not the generic one's, whatever its locale's parent has. */
function own(generic, data) {
  const [base, all] = [calendar(generic), calendar(data)];
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, JSON.stringify(value) === JSON.stringify(base[key]) ? "=" : value]));
}

const parentOf = (name) => parents[name] ?? (name.includes("-") ? name.slice(0, name.lastIndexOf("-")) : "und");

/** What of `value` is not in `base`; nothing where all of it is. A key that only the base has stays. */
function beyond(value, base) {
  if (JSON.stringify(value) === JSON.stringify(base)) return undefined;
  if (typeof value !== "object" || Array.isArray(value) || typeof base !== "object" || Array.isArray(base)) return value;
  const rest = {};
  for (const [key, inner] of Object.entries(value)) {
    const own = beyond(inner, base[key]);
    if (own !== undefined) rest[key] = own;
  }
  for (const key of Object.keys(base)) if (!(key in value)) rest[key] = null;
  return rest;
}

const all = new Map(readdirSync(join(root, "cldr-dates-full", "main")).map((name) => [name === "root" ? "und" : name, name]));
if (!all.has("und")) throw new Error("the root locale is missing");
const loaded = new Map([...all].map(([name, folder]) => [name, locale(folder)]));
const lines = [JSON.stringify(["", "", "hours", preferences()])];
for (const [name, data] of [...loaded].sort(([a], [b]) => (a < b ? -1 : 1))) {
  let parent = parentOf(name);
  while (!loaded.has(parent)) parent = parentOf(parent);
  lines.push(JSON.stringify([name, parent, "", null]));
  for (const [section, value] of Object.entries(data)) {
    const own = name === "und" ? value : beyond(value, loaded.get(parent)[section]);
    if (own !== undefined) lines.push(JSON.stringify([name, parent, section, own]));
  }
}

/** The cycle of hours of each region, or of each language in one. */
function preferences() {
  const found = {};
  for (const [place, { _preferred }] of Object.entries(preferred)) found[place.replace("_", "-")] = _preferred;
  return found;
}

const text = lines.join("\n");
const packed = deflateRawSync(text, { level: 9 });
writeFileSync(new URL("cldr.deflate", import.meta.url), packed);
console.log(`${lines.length} lines, ${text.length} characters, ${packed.length} bytes`);
