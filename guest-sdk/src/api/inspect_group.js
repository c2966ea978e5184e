// Long arrays in columns, several items a line, as Node groups them.

import { ArrayPush, StringIncludes, StringPadEnd, StringPadStart } from "./primordials.js";

const LINE = 80;
const MIN_ITEMS = 7;
const MAX_COLUMNS = 12;
const SEPARATOR = 2;
// A character is about this much higher than wide: blocks of items look square.
const HEIGHT = 2.5;

function sqrt(value) {
  return value ** 0.5;
}

function columnsFor(lengths, longest, total, indent) {
  const width = longest + SEPARATOR;
  if (width * 3 + indent >= LINE || (total / width <= 5 && longest > 6)) return 1;
  const spread = sqrt(width - total / lengths.length);
  const biased = width - 3 - spread > 1 ? width - 3 - spread : 1;
  const square = (sqrt(HEIGHT * biased * lengths.length) / biased + 0.5) | 0;
  const fitting = ((LINE - indent) / width) | 0;
  let columns = square < fitting ? square : fitting;
  if (columns > MAX_COLUMNS) columns = MAX_COLUMNS;
  return columns < 1 ? 1 : columns;
}

/** The items as rows of columns, or as they are where that looks no better. `extra` items at the end stand alone. */
export function groupItems(items, extra, indent, rightAligned) {
  const count = items.length - extra;
  if (items.length < MIN_ITEMS) return items;
  const lengths = [];
  let total = 0;
  let longest = 0;
  for (let i = 0; i < count; i++) {
    if (StringIncludes(items[i], "\n")) return items;
    ArrayPush(lengths, items[i].length);
    total += items[i].length + SEPARATOR;
    if (items[i].length > longest) longest = items[i].length;
  }
  const columns = columnsFor(lengths, longest, total, indent);
  return columns <= 1 ? items : rows(items, count, lengths, columns, rightAligned);
}

function rows(items, count, lengths, columns, rightAligned) {
  const widths = [];
  for (let column = 0; column < columns; column++) {
    let width = 0;
    for (let i = column; i < count; i += columns) if (lengths[i] > width) width = lengths[i];
    ArrayPush(widths, width + SEPARATOR);
  }
  const grouped = [];
  for (let start = 0; start < count; start += columns) {
    const end = start + columns < count ? start + columns : count;
    let row = "";
    for (let i = start; i < end; i++) {
      const last = i === end - 1;
      const cell = last ? items[i] : `${items[i]}, `;
      const width = widths[i - start];
      if (rightAligned) row += StringPadStart(cell, last ? width - SEPARATOR : width);
      else row += last ? cell : StringPadEnd(cell, width);
    }
    ArrayPush(grouped, row);
  }
  for (let i = count; i < items.length; i++) ArrayPush(grouped, items[i]);
  return grouped;
}
