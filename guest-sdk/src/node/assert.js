// node:assert

import { inspect } from "../api/inspect.js";
import { ArrayPush, isErrorObject, ObjectKeys, ReflectApply, RegExpTest } from "../api/primordials.js";
import { isDeepEqual } from "./deep_equal.js";
import { invalidType, invalidValue, requireFunction } from "./errors.js";
import { ObjectAssign, ObjectIs } from "./language.js";
import { isRegExp } from "./types.js";

const SAYS = {
  __proto__: null,
  strictEqual: "Expected values to be strictly equal:",
  deepStrictEqual: "Expected values to be strictly deep-equal:",
  deepEqual: "Expected values to be loosely deep-equal:",
  "==": "Expected values to be loosely equal:",
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  "!=": 'Expected "actual" to be loosely unequal to:',
};

export class AssertionError extends Error {
  constructor(options) {
    const { message, actual, expected, operator } = options;
    super(message ?? `${SAYS[operator] ?? operator ?? "Failed"}\n\n${inspect(actual)} !== ${inspect(expected)}\n`);
    this.name = "AssertionError";
    this.code = "ERR_ASSERTION";
    this.generatedMessage = message === undefined;
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
  }
}

function refuse(message, actual, expected, operator) {
  if (isErrorObject(message)) throw message;
  throw new AssertionError({ __proto__: null, message, actual, expected, operator });
}

export function ok(value, message) {
  if (value) return;
  const said = arguments.length === 0 ? "No value argument passed to `assert.ok()`" : "The expression evaluated to a falsy value";
  refuse(message ?? said, value, true, "==");
}

/** `assert` itself. */
export function assert(value, message) {
  if (!value) refuse(message ?? "The expression evaluated to a falsy value", value, true, "==");
}

export function fail(message = "Failed") {
  refuse(message, undefined, undefined, "fail");
}

function comparison(operator, test) {
  return (actual, expected, message) => {
    if (!test(actual, expected)) refuse(message, actual, expected, operator);
  };
}

const loosely = (a, b) => a == b || (a !== a && b !== b);
export const equal = comparison("==", loosely);
export const notEqual = comparison("!=", (a, b) => !loosely(a, b));
export const strictEqual = comparison("strictEqual", ObjectIs);
export const notStrictEqual = comparison("notStrictEqual", (a, b) => !ObjectIs(a, b));
export const deepEqual = comparison("deepEqual", (a, b) => isDeepEqual(a, b, false));
export const notDeepEqual = comparison("notDeepEqual", (a, b) => !isDeepEqual(a, b, false));
export const deepStrictEqual = comparison("deepStrictEqual", (a, b) => isDeepEqual(a, b, true));
export const notDeepStrictEqual = comparison("notDeepStrictEqual", (a, b) => !isDeepEqual(a, b, true));

function matching(operator, wanted) {
  return (text, expression, message) => {
    if (!isRegExp(expression)) throw invalidType("regexp", "an instance of RegExp", expression);
    if (typeof text === "string" && RegExpTest(expression, text) === wanted) return;
    const said = `The input ${wanted ? "did not match" : "was expected to not match"} the regular expression ${inspect(expression)}. Input:\n\n${inspect(text)}\n`;
    refuse(message ?? said, text, expression, operator);
  };
}
export const match = matching("match", true);
export const doesNotMatch = matching("doesNotMatch", false);

export function ifError(value) {
  if (value === null || value === undefined) return;
  refuse(`ifError got unwanted exception: ${value?.message ?? inspect(value)}`, value, null, "ifError");
}

/** Whether what was thrown is what was expected; throws where it is not. */
function checkThrown(thrown, expected, message, operator) {
  if (expected === undefined) return;
  if (isRegExp(expected)) {
    if (RegExpTest(expected, `${thrown}`)) return;
    refuse(message ?? `The input did not match the regular expression ${inspect(expected)}. Input:\n\n'${thrown}'\n`, thrown, expected, operator);
  }
  if (typeof expected === "function") {
    if (expected.prototype !== undefined && thrown instanceof expected) return;
    if (expected === Error || expected.prototype instanceof Error) {
      refuse(message ?? `The error is expected to be an instance of "${expected.name}". Received "${thrown?.name ?? inspect(thrown)}"\n`, thrown, expected, operator);
    }
    if (ReflectApply(expected, {}, [thrown]) === true) return;
    refuse(message ?? 'The validation function is expected to return "true".', thrown, expected, operator);
  }
  const keys = ObjectKeys(expected);
  if (isErrorObject(expected)) ArrayPush(keys, "name", "message");
  if (keys.length === 0) throw invalidValue("error", expected, "may not be an empty object");
  for (let i = 0; i < keys.length; i++) {
    const value = thrown?.[keys[i]];
    if (isRegExp(expected[keys[i]]) && typeof value === "string" && RegExpTest(expected[keys[i]], value)) continue;
    if (!isDeepEqual(value, expected[keys[i]], true)) refuse(message, thrown, expected, operator);
  }
}

function missing(expected, message, operator) {
  const name = typeof expected === "function" && expected.name ? ` (${expected.name})` : "";
  const said = typeof expected === "string" ? expected : message;
  refuse(said ?? `Missing expected ${operator === "rejects" ? "rejection" : "exception"}${name}.`, undefined, expected, operator);
}

function expectation(expected, message) {
  if (typeof expected === "string") return { __proto__: null, expected: undefined, message: expected };
  return { __proto__: null, expected, message };
}

export function throws(work, expected, message) {
  requireFunction(work, "fn");
  let thrown;
  try {
    work();
  } catch (error) {
    thrown = { error };
  }
  if (thrown === undefined) missing(expected, message, "throws");
  const wanted = expectation(expected, message);
  checkThrown(thrown.error, wanted.expected, wanted.message, "throws");
}

function unwanted(error, message, kind) {
  const said = typeof message === "string" ? `: ${message}` : ".";
  refuse(`Got unwanted ${kind}${said}\nActual message: "${error?.message}"`, error, undefined, kind === "exception" ? "doesNotThrow" : "doesNotReject");
}

export function doesNotThrow(work, expected, message) {
  requireFunction(work, "fn");
  try {
    work();
  } catch (error) {
    unwanted(error, expectation(expected, message).message, "exception");
  }
}

async function settled(work) {
  try {
    await (typeof work === "function" ? work() : work);
    return undefined;
  } catch (error) {
    return { error };
  }
}

export async function rejects(work, expected, message) {
  const thrown = await settled(work);
  if (thrown === undefined) missing(expected, message, "rejects");
  const wanted = expectation(expected, message);
  checkThrown(thrown.error, wanted.expected, wanted.message, "rejects");
}

export async function doesNotReject(work, expected, message) {
  const thrown = await settled(work);
  if (thrown !== undefined) unwanted(thrown.error, expectation(expected, message).message, "rejection");
}

const ALL = {
  ok,
  fail,
  match,
  doesNotMatch,
  ifError,
  throws,
  doesNotThrow,
  rejects,
  doesNotReject,
  AssertionError,
  deepStrictEqual,
  notDeepStrictEqual,
  strictEqual,
  notStrictEqual,
};
ObjectAssign(assert, ALL, { equal, notEqual, deepEqual, notDeepEqual });

/** `assert.strict`: without the comparisons that convert. */
export function strict(value, message) {
  assert(value, message);
}
ObjectAssign(strict, ALL, { equal: strictEqual, notEqual: notStrictEqual, deepEqual: deepStrictEqual, notDeepEqual: notDeepStrictEqual, strict });
assert.strict = strict;
