// Intl.Collator.

import { among, ask, bound, coercedOptions, copied, describeConstructor, flag, hidden, Intl, keyword, localeList, made, matcher, members, option, resolveLocale, slots, Tasks, typeOption, withKeywords } from "./intl_common.js";
import { JSONStringify, StringConstructor, StringSplit } from "./primordials.js";

const slot = slots("Intl.Collator");
const FIRST = ["upper", "lower", "false"];
const OF_LANGUAGES = {
  __proto__: null, ar: ["compat"], bn: ["trad"], de: ["phonebk"], es: ["trad"], fi: ["trad"], kn: ["trad"], ko: ["searchjl"], sa: ["trad"],
  sv: ["trad"], vi: ["trad"], zh: ["pinyin", "stroke", "zhuyin"],
};
export const COLLATIONS = ["compat", "emoji", "eor", "phonebk", "pinyin", "searchjl", "stroke", "trad", "zhuyin"];

function named(resolution, wanted) {
  const asked = keyword(resolution, "co");
  const known = (name) => {
    if (name === undefined) return undefined;
    const own = OF_LANGUAGES[StringSplit(resolution.locale, "-")[0]];
    return name === "emoji" || name === "eor" || (own !== undefined && among(own, name)) ? name : undefined;
  };
  const used = known(wanted) ?? known(asked) ?? "default";
  return { __proto__: null, used, kept: used !== "default" && used === asked ? asked : undefined };
}

/** What compares strings: the options, resolved. */
export function collatorSettings(locales, options) {
  const requested = localeList(locales);
  options = coercedOptions(options);
  const usage = option(options, "usage", ["sort", "search"], "sort");
  matcher(options);
  const wanted = typeOption(options, "collation");
  const numericOption = flag(options, "numeric", undefined);
  const firstOption = option(options, "caseFirst", FIRST, undefined);
  const resolution = resolveLocale(requested, ["co", "kf", "kn"]);
  const collation = named(resolution, wanted);
  const kn = keyword(resolution, "kn");
  const knIsTrue = kn === undefined ? undefined : kn === "" || kn === "true";
  const numeric = numericOption ?? knIsTrue ?? false;
  const kf = keyword(resolution, "kf");
  const caseFirst = firstOption ?? (kf === "upper" || kf === "lower" ? kf : "false");
  const tag = withKeywords(resolution.locale, ["co", collation.kept, "kf", kf === caseFirst ? kf : undefined, "kn", knIsTrue === numeric ? kn : undefined]);
  const sensitivity = option(options, "sensitivity", ["base", "accent", "case", "variant"], "variant");
  const ignorePunctuation = flag(options, "ignorePunctuation", resolution.locale === "th" || resolution.locale === "th-TH");
  const settings = { __proto__: null, tag, locale: resolution.locale, usage, sensitivity, ignorePunctuation, collation: collation.used, numeric, caseFirst };
  return { __proto__: null, settings, text: JSONStringify(settings) };
}

/** The order of two strings. */
export function compare(state, left, right) {
  const first = StringConstructor(left);
  const second = StringConstructor(right);
  return first === second ? 0 : +ask(Tasks.compare, state.text, first, second);
}

function text(value) {
  return `${value}`;
}

function Collator(locales = undefined, options = undefined) {
  const object = made(new.target === undefined ? Collator : new.target, Collator);
  slot.put(object, collatorSettings(locales, options));
  return object;
}

members(Collator.prototype, {
  get compare() {
    const state = slot.of(this);
    return (state.bound ??= bound(2, (left, right) => compare(state, text(left), text(right))));
  },
  resolvedOptions() {
    const { settings } = slot.of(this);
    return copied({ __proto__: null, ...settings, locale: settings.tag }, ["locale", "usage", "sensitivity", "ignorePunctuation", "collation", "numeric", "caseFirst"]);
  },
});
describeConstructor(Collator, "Collator", ["co", "kf", "kn"]);
hidden(Intl, "Collator", Collator);
