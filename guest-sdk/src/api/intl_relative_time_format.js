// Intl.RelativeTimeFormat.

import { among, ask, coercedOptions, copied, describeConstructor, hidden, Intl, localeList, made, matcher, members, numberingSystem, option, partsOf, resolveLocale, slots, Tasks, textOf, typeOption, withKeywords } from "./intl_common.js";
import { numberSettings, numberText } from "./intl_number_format.js";
import { JSONStringify, StringEndsWith, StringSlice } from "./primordials.js";

const slot = slots("Intl.RelativeTimeFormat");
const UNITS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];

function RelativeTimeFormat(locales = undefined, options = undefined) {
  if (new.target === undefined) throw new TypeError("Constructor Intl.RelativeTimeFormat requires 'new'");
  const object = made(new.target, RelativeTimeFormat);
  const requested = localeList(locales);
  options = coercedOptions(options);
  matcher(options);
  const wanted = typeOption(options, "numberingSystem");
  const resolution = resolveLocale(requested, ["nu"]);
  const system = numberingSystem(resolution, wanted);
  const style = option(options, "style", ["long", "short", "narrow"], "long");
  const numeric = option(options, "numeric", ["always", "auto"], "always");
  const tag = withKeywords(resolution.locale, ["nu", system.kept]);
  const number = numberSettings(resolution.locale, { __proto__: null, numberingSystem: system.used }).settings;
  const settings = { __proto__: null, locale: resolution.locale, tag, style, numeric, numberingSystem: system.used, number };
  slot.put(object, { __proto__: null, settings, text: JSONStringify(settings) });
  return object;
}

function formatted(state, value, unit) {
  const number = +value;
  let name = `${unit}`;
  if (StringEndsWith(name, "s")) name = StringSlice(name, 0, -1);
  if (!among(UNITS, name)) throw new RangeError(`Invalid unit argument for format() '${unit}'`);
  if (!(number - number === 0)) throw new RangeError("The value is not finite");
  return { __proto__: null, name, answer: ask(Tasks.relative, state.text, numberText(number), name) };
}

members(RelativeTimeFormat.prototype, {
  format(value, unit) {
    return textOf(formatted(slot.of(this), value, unit).answer);
  },
  formatToParts(value, unit) {
    const { name, answer } = formatted(slot.of(this), value, unit);
    const parts = partsOf(answer, "unit");
    for (let i = 0; i < parts.length; i++) if (parts[i].type !== "literal") parts[i].unit = name;
    return parts;
  },
  resolvedOptions() {
    const { settings } = slot.of(this);
    return copied({ __proto__: null, ...settings, locale: settings.tag }, ["locale", "style", "numeric", "numberingSystem"]);
  },
});
describeConstructor(RelativeTimeFormat, "RelativeTimeFormat", ["nu"]);
hidden(Intl, "RelativeTimeFormat", RelativeTimeFormat);
