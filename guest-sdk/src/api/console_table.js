// console.table: rows and columns in a frame.

import { inspect } from "./inspect.js";
import {
  ArrayIsArray,
  ArrayPush,
  MapForEach,
  MapGet,
  MapSet,
  ObjectHasOwn,
  ObjectKeys,
  ObjectToString,
  SetForEach,
  StringPadEnd,
} from "./primordials.js";

const INDEX = "(index)";
const ITERATION = "(iteration index)";
const KEY = "Key";
const VALUES = "Values";

function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** The rows of what is shown: an index and a value each, and for maps a key. */
function rowsOf(data) {
  const rows = [];
  const brand = ObjectToString(data);
  if (brand === "[object Map]") {
    MapForEach(data, (value, key) => ArrayPush(rows, { __proto__: null, index: `${rows.length}`, key: inspect(key), value }));
  } else if (brand === "[object Set]") {
    SetForEach(data, (value) => ArrayPush(rows, { __proto__: null, index: `${rows.length}`, key: null, value }));
  } else {
    const keys = ObjectKeys(data);
    for (let i = 0; i < keys.length; i++) {
      ArrayPush(rows, { __proto__: null, index: keys[i], key: null, value: data[keys[i]] });
    }
  }
  return rows;
}

function columnsOf(rows, chosen) {
  if (chosen !== null) return chosen;
  const columns = [];
  const seen = new Map();
  for (let i = 0; i < rows.length; i++) {
    if (!isObject(rows[i].value)) continue;
    const keys = ObjectKeys(rows[i].value);
    for (let j = 0; j < keys.length; j++) {
      if (MapGet(seen, keys[j])) continue;
      MapSet(seen, keys[j], true);
      ArrayPush(columns, keys[j]);
    }
  }
  return columns;
}

/** The table's cells, its head first. */
function cellsOf(data, chosen) {
  const rows = rowsOf(data);
  const columns = columnsOf(rows, chosen);
  const brand = ObjectToString(data);
  const counted = brand === "[object Map]" || brand === "[object Set]";
  const hasKeys = brand === "[object Map]";
  let hasValues = false;
  for (let i = 0; i < rows.length; i++) hasValues ||= !isObject(rows[i].value);
  const head = [counted ? ITERATION : INDEX];
  if (hasKeys) ArrayPush(head, KEY);
  for (let i = 0; i < columns.length; i++) ArrayPush(head, columns[i]);
  if (hasValues) ArrayPush(head, VALUES);
  const cells = [head];
  for (let i = 0; i < rows.length; i++) {
    const { index, key, value } = rows[i];
    const line = [index];
    if (hasKeys) ArrayPush(line, key);
    for (let j = 0; j < columns.length; j++) {
      ArrayPush(line, isObject(value) && ObjectHasOwn(value, columns[j]) ? inspect(value[columns[j]]) : "");
    }
    if (hasValues) ArrayPush(line, isObject(value) ? "" : inspect(value));
    ArrayPush(cells, line);
  }
  return cells;
}

function rule(widths, left, middle, right) {
  let text = left;
  for (let i = 0; i < widths.length; i++) text += `${StringPadEnd("", widths[i] + 2, "─")}${i === widths.length - 1 ? right : middle}`;
  return text;
}

/** The table as text, or `null` where `data` has no rows. */
export function formatTable(data, properties) {
  if (!isObject(data)) return null;
  const cells = cellsOf(data, ArrayIsArray(properties) ? properties : null);
  const widths = [];
  for (let column = 0; column < cells[0].length; column++) {
    let width = 0;
    for (let i = 0; i < cells.length; i++) if (cells[i][column].length > width) width = cells[i][column].length;
    ArrayPush(widths, width);
  }
  let text = rule(widths, "┌", "┬", "┐");
  for (let i = 0; i < cells.length; i++) {
    text += "\n│";
    for (let column = 0; column < widths.length; column++) text += ` ${StringPadEnd(cells[i][column], widths[column])} │`;
    if (i === 0) text += `\n${rule(widths, "├", "┼", "┤")}`;
  }
  return `${text}\n${rule(widths, "└", "┴", "┘")}`;
}
