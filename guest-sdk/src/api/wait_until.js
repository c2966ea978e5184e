// ctx.waitUntil: promises that keep the invocation alive after its response.

import { host } from "./host.js";
import { PromiseThen, resolved } from "./primordials.js";
import { codeOf, printThrown, stackOf } from "./thrown.js";

let given = 0;

/** Keeps the invocation alive until `promise` settles. */
export function waitUntil(promise) {
  host.requireInvocation("ctx.waitUntil");
  given += 1;
  const number = given;
  host.promiseGiven(number);
  PromiseThen(
    resolved(promise),
    () => host.promiseSettled(number),
    (reason) => {
      host.backgroundFault(printThrown(reason), stackOf(reason), codeOf(reason));
      host.promiseSettled(number);
    },
  );
}
