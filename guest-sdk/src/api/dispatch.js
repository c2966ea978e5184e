// Dispatch: finds the handler, and hands its response or its error to the host. It is called by `src/handler.rs`, which takes the common
// response by itself.

import { context as invocationContext } from "./context.js";
import { failUnlessHandled, reportRejections } from "./errors.js";
import { host } from "./host.js";
import { resolved } from "./primordials.js";
import { incoming } from "./request.js";
import { describe, respond } from "./response.js";
import { script } from "./scripts.js";
import { choose } from "./shapes.js";
import { codeOf, kindOf, printThrown, stackOf } from "./thrown.js";

const NO_RESPONSE = 3;

/**
 * The function, what it is called on, and what it is given beside the request where that is not `ctx`, among a module's exports; an error
 * message when there is none.
 */
export function adopt(namespace) {
  const chosen = choose(namespace);
  return chosen.missing ?? [chosen.handler, chosen.self, chosen.args];
}

/** The same for code that runs once. */
export function adoptScript(namespace) {
  return script(namespace) ?? adopt(namespace);
}

/**
 * Takes what the handler has returned where it is neither a promise of the engine's nor a response that needs no more than
 * sending. The event loop sees when the promise that comes back is settled, and calls `finish` or `fail`.
 */
export function take(result) {
  try {
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
  if (sent === true) host.answered();
  else if (sent === false) {
    host.fault(NO_RESPONSE, describe(value), "", null);
    host.answered();
  } else sent(host.answered, fail);
}

/** The handler has thrown. */
export function fail(error) {
  host.fault(kindOf(error), printThrown(error), stackOf(error), codeOf(error));
  host.answered();
}

export const context = invocationContext;
export const request = incoming;

failUnlessHandled(fail);

/** Reports promises that were rejected without a handler. */
export function rejections(promise, reason, late) {
  reportRejections(promise, reason, late);
}

export function describeThrown(error) {
  return [kindOf(error), printThrown(error), stackOf(error)];
}
