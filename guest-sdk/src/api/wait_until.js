// ctx.waitUntil: promises that keep the invocation alive after its response.

import { host } from "./host.js";
import { PromiseThen, resolved } from "./primordials.js";
import { codeOf, printThrown, stackOf } from "./thrown.js";

let pending = 0;
let given = 0;
let onIdle = () => {};

function settled(number) {
  host.promiseSettled(number);
  pending -= 1;
  if (pending === 0) onIdle();
}

/** Keeps the invocation alive until `promise` settles. */
export function waitUntil(promise) {
  host.requireInvocation("ctx.waitUntil");
  pending += 1;
  given += 1;
  const number = given;
  host.promiseGiven(number);
  PromiseThen(
    resolved(promise),
    () => settled(number),
    (reason) => {
      host.backgroundFault(printThrown(reason), stackOf(reason), codeOf(reason));
      settled(number);
    },
  );
}

/** Calls `idle` as soon as nothing is pending: now, if nothing is. */
export function whenIdle(idle) {
  onIdle = idle;
  if (pending === 0) idle();
}
