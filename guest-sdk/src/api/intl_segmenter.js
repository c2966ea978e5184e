// Intl.Segmenter, and the segments it makes.

import { ask, copied, describeConstructor, hidden, Intl, localeList, made, matcher, members, option, optionsObject, resolveLocale, slots, Tasks } from "./intl_common.js";
import { MathTrunc, ObjectDefineProperty, StringEndsWith, StringSlice, StringSplit, SymbolIterator, SymbolToStringTag } from "./primordials.js";

const slot = slots("Intl.Segmenter");
const segmentsSlot = slots("%Segments%");
const iteratorSlot = slots("%SegmentIterator%");

function Segmenter(locales = undefined, options = undefined) {
  if (new.target === undefined) throw new TypeError("Constructor Intl.Segmenter requires 'new'");
  const object = made(new.target, Segmenter);
  const requested = localeList(locales);
  options = optionsObject(options);
  matcher(options);
  const { locale } = resolveLocale(requested, []);
  const granularity = option(options, "granularity", ["grapheme", "word", "sentence"], "grapheme");
  slot.put(object, { __proto__: null, locale, granularity });
  return object;
}

/** The ends of all segments, found when the first is asked for. */
function endsOf(segments) {
  if (segments.ends !== null) return segments.ends;
  const { text, granularity } = segments;
  const answer = ask(Tasks.segment, granularity, text);
  return (segments.ends = answer === "" ? [] : StringSplit(answer, ","));
}

function segment(segments, index) {
  const ends = endsOf(segments);
  const start = index === 0 ? 0 : parseInt(ends[index - 1], 10);
  const found = { segment: StringSlice(segments.text, start, parseInt(ends[index], 10)), index: start, input: segments.text };
  if (segments.granularity === "word") {
    ObjectDefineProperty(found, "isWordLike", { __proto__: null, value: StringEndsWith(ends[index], "w"), writable: true, enumerable: true, configurable: true });
  }
  return found;
}

const SegmentIteratorPrototype = { __proto__: Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) };
members(SegmentIteratorPrototype, {
  next() {
    const state = iteratorSlot.of(this);
    if (state.index >= endsOf(state.segments).length) return { value: undefined, done: true };
    return { value: segment(state.segments, state.index++), done: false };
  },
});
ObjectDefineProperty(SegmentIteratorPrototype, SymbolToStringTag, { __proto__: null, value: "Segmenter String Iterator", configurable: true });

const SegmentsPrototype = {};
members(SegmentsPrototype, {
  containing(index) {
    const segments = segmentsSlot.of(this);
    const at = MathTrunc(+index) || 0;
    if (at < 0 || at >= segments.text.length) return undefined;
    const ends = endsOf(segments);
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (parseInt(ends[middle], 10) > at) high = middle;
      else low = middle + 1;
    }
    return segment(segments, low);
  },
  [SymbolIterator]() {
    const segments = segmentsSlot.of(this);
    const iterator = { __proto__: SegmentIteratorPrototype };
    iteratorSlot.put(iterator, { __proto__: null, segments, index: 0 });
    return iterator;
  },
});

members(Segmenter.prototype, {
  segment(string) {
    const { granularity } = slot.of(this);
    const segments = { __proto__: SegmentsPrototype };
    segmentsSlot.put(segments, { __proto__: null, text: `${string}`, granularity, ends: null });
    return segments;
  },
  resolvedOptions() {
    return copied(slot.of(this), ["locale", "granularity"]);
  },
});
describeConstructor(Segmenter, "Segmenter", []);
hidden(Intl, "Segmenter", Segmenter);
