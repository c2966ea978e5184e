// Intl.PluralRules.

import { ask, coercedOptions, copied, describeConstructor, hidden, Intl, localeList, made, matcher, members, option, resolveLocale, slots, Tasks } from "./intl_common.js";
import { DIGITS, readDigits } from "./intl_digits.js";
import { numberText } from "./intl_number_format.js";
import { JSONParse, JSONStringify } from "./primordials.js";

const slot = slots("Intl.PluralRules");

function PluralRules(locales = undefined, options = undefined) {
  if (new.target === undefined) throw new TypeError("Constructor Intl.PluralRules requires 'new'");
  const object = made(new.target, PluralRules);
  const requested = localeList(locales);
  options = coercedOptions(options);
  matcher(options);
  const { locale } = resolveLocale(requested, []);
  const settings = { __proto__: null, locale, type: option(options, "type", ["cardinal", "ordinal"], "cardinal") };
  settings.notation = option(options, "notation", ["standard", "scientific", "engineering", "compact"], "standard");
  readDigits(settings, options, 0, settings.notation === "compact" ? 0 : 3, settings.notation);
  const compact = option(options, "compactDisplay", ["short", "long"], "short");
  if (settings.notation === "compact") settings.compactDisplay = compact;
  slot.put(object, { __proto__: null, settings, text: JSONStringify(settings) });
  return object;
}

function select(state, value) {
  return ask(Tasks.plural, state.text, numberText(+value));
}

members(PluralRules.prototype, {
  select(value) {
    return select(slot.of(this), value);
  },
  selectRange(start, end) {
    const state = slot.of(this);
    if (start === undefined || end === undefined) throw new TypeError("A range has a start and an end");
    const from = +start;
    const to = +end;
    if (from !== from || to !== to) throw new RangeError("A range cannot begin or end with NaN");
    return select(state, to);
  },
  resolvedOptions() {
    const state = slot.of(this);
    const pluralCategories = JSONParse(ask(Tasks.plural, state.text));
    return copied({ __proto__: null, ...state.settings, pluralCategories }, ["locale", "type", "notation", "compactDisplay", ...DIGITS, "pluralCategories", "roundingIncrement", "roundingMode", "roundingPriority", "trailingZeroDisplay"]);
  },
});
describeConstructor(PluralRules, "PluralRules", []);
hidden(Intl, "PluralRules", PluralRules);
