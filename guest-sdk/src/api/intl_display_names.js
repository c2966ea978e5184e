// Intl.DisplayNames.

import { ask, copied, describeConstructor, hidden, Intl, localeList, made, matcher, members, option, resolveLocale, slots, Tasks } from "./intl_common.js";
import { JSONStringify, RegExpTest, StringToLowerCase, StringToUpperCase, StringSlice } from "./primordials.js";

const slot = slots("Intl.DisplayNames");
const TYPES = ["language", "region", "script", "currency", "calendar", "dateTimeField"];
const FIELDS = /^(era|year|quarter|month|weekOfYear|weekday|day|dayPeriod|hour|minute|second|timeZoneName)$/;
const SHAPES = { __proto__: null, region: /^([a-z]{2}|\d{3})$/i, script: /^[a-z]{4}$/i, currency: /^[a-z]{3}$/i, calendar: /^[a-z0-9]{3,8}(-[a-z0-9]{3,8})*$/i, dateTimeField: FIELDS };
const LANGUAGE = /^[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*$|^[a-z]{5,8}$/i;

function DisplayNames(locales, options) {
  if (new.target === undefined) throw new TypeError("Constructor Intl.DisplayNames requires 'new'");
  const object = made(new.target, DisplayNames);
  const requested = localeList(locales);
  if ((typeof options !== "object" && typeof options !== "function") || options === null) throw new TypeError("DisplayNames needs options");
  matcher(options);
  const { locale } = resolveLocale(requested, []);
  const style = option(options, "style", ["narrow", "short", "long"], "long");
  const type = option(options, "type", TYPES, undefined);
  if (type === undefined) throw new TypeError("Required option 'type' is undefined");
  const fallback = option(options, "fallback", ["code", "none"], "code");
  const display = option(options, "languageDisplay", ["dialect", "standard"], "dialect");
  const settings = { __proto__: null, locale, style, type, fallback, languageDisplay: type === "language" ? display : undefined };
  slot.put(object, { __proto__: null, settings, text: JSONStringify(settings) });
  return object;
}

function canonical(type, code) {
  if (type === "language") {
    if (!RegExpTest(LANGUAGE, code)) throw new RangeError(`Invalid argument to Intl.DisplayNames.prototype.of`);
    return localeList(code)[0];
  }
  if (!RegExpTest(SHAPES[type], code)) throw new RangeError("Invalid argument to Intl.DisplayNames.prototype.of");
  if (type === "region" || type === "currency") return StringToUpperCase(code);
  if (type === "script") return StringToUpperCase(StringSlice(code, 0, 1)) + StringToLowerCase(StringSlice(code, 1));
  return type === "calendar" ? StringToLowerCase(code) : code;
}

members(DisplayNames.prototype, {
  of(code) {
    const { settings, text } = slot.of(this);
    const wanted = canonical(settings.type, `${code}`);
    const name = ask(Tasks.names, text, wanted);
    if (name !== "") return name;
    return settings.fallback === "code" ? wanted : undefined;
  },
  resolvedOptions() {
    return copied(slot.of(this).settings, ["locale", "style", "type", "fallback", "languageDisplay"]);
  },
});
describeConstructor(DisplayNames, "DisplayNames", []);
hidden(Intl, "DisplayNames", DisplayNames);
