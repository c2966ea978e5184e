// Intl.ListFormat.

import { append, ask, copied, describeConstructor, hidden, Intl, jsonOf, localeList, made, matcher, members, option, optionsObject, partsOf, resolveLocale, slots, Tasks, textOf } from "./intl_common.js";
import { iterate, JSONStringify, SymbolIterator } from "./primordials.js";

const slot = slots("Intl.ListFormat");

function ListFormat(locales = undefined, options = undefined) {
  if (new.target === undefined) throw new TypeError("Constructor Intl.ListFormat requires 'new'");
  const object = made(new.target, ListFormat);
  const requested = localeList(locales);
  options = optionsObject(options);
  matcher(options);
  const { locale } = resolveLocale(requested, []);
  const type = option(options, "type", ["conjunction", "disjunction", "unit"], "conjunction");
  const style = option(options, "style", ["long", "short", "narrow"], "long");
  const settings = { __proto__: null, locale, type, style };
  slot.put(object, { __proto__: null, settings, text: JSONStringify(settings) });
  return object;
}

function strings(list) {
  const found = [];
  if (list === undefined) return found;
  const method = list[SymbolIterator];
  if (typeof method !== "function") throw new TypeError("The list is not iterable");
  iterate(list, method, (item) => {
    if (typeof item !== "string") throw new TypeError("Iterable yielded a non-String value");
    append(found, item);
  });
  return found;
}

function formatted(list, items) {
  return ask(Tasks.list, slot.of(list).text, jsonOf(items));
}

members(ListFormat.prototype, {
  format(list) {
    slot.of(this);
    return textOf(formatted(this, strings(list)));
  },
  formatToParts(list) {
    slot.of(this);
    return partsOf(formatted(this, strings(list)));
  },
  resolvedOptions() {
    return copied(slot.of(this).settings, ["locale", "type", "style"]);
  },
});
describeConstructor(ListFormat, "ListFormat", []);
hidden(Intl, "ListFormat", ListFormat);
