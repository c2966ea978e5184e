// Dispatch: finds the handler, calls it, and hands its response or its error to the host.

import { context } from "./context.js";
import { failUnlessHandled, reportRejections } from "./errors.js";
import { host } from "./host.js";
import { ObjectKeys, PromiseConstructor, ReflectApply, resolved } from "./primordials.js";
import { incomingRequest } from "./request.js";
import { describe, respond } from "./response.js";
import { codeOf, kindOf, printThrown, stackOf } from "./thrown.js";
import { whenIdle } from "./wait_until.js";

const NO_RESPONSE = 3;

let handler = null;
let self;

/** Chooses the handler among a module's exports; an error message when there is none. */
export function adopt(namespace) {
  const { handler: named, default: standard } = namespace;
  if (typeof named === "function") handler = named;
  else if (typeof standard === "function") handler = standard;
  else if (typeof standard === "object" && standard !== null && typeof standard.fetch === "function") {
    handler = standard.fetch;
    self = standard;
  } else {
    const names = ObjectKeys(namespace);
    return names.length === 0
      ? "the module exports nothing: export an async function called 'handler'"
      : `the module exports ${names.join(", ")}, but no function called 'handler' and no default that is a function or has 'fetch'`;
  }
  return null;
}

/**
 * Runs the handler for the request that the host holds, and returns the promise of its response, if it is one:
 * the event loop sees when it is settled, and calls `finish` or `fail`. A `then` would cost more than the rest.
 */
export function dispatch() {
  let result;
  try {
    result =
      self === undefined ? handler(incomingRequest(), context) : ReflectApply(handler, self, [incomingRequest(), context, context]);
    if (result instanceof PromiseConstructor) return result;
    if (typeof result?.then === "function") return resolved(result);
  } catch (error) {
    fail(error);
    return undefined;
  }
  finish(result);
  return undefined;
}

/** The handler has answered. */
export function finish(value) {
  let sent;
  try {
    sent = respond(value);
  } catch (error) {
    fail(error);
    return;
  }
  if (sent === true) whenIdle(host.done);
  else if (sent === false) {
    host.fault(NO_RESPONSE, describe(value), "", null);
    whenIdle(host.done);
  } else sent(() => whenIdle(host.done), fail);
}

/** The handler has thrown. */
export function fail(error) {
  host.fault(kindOf(error), printThrown(error), stackOf(error), codeOf(error));
  whenIdle(host.done);
}

failUnlessHandled(fail);

/** Reports promises that were rejected without a handler. */
export function rejections(promise, reason, late) {
  reportRejections(promise, reason, late);
}

export function describeThrown(error) {
  return [kindOf(error), printThrown(error), stackOf(error)];
}
