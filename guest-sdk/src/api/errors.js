// Uncaught errors: of listeners and callbacks, rejections without a handler, and reportError.

import { ErrorEvent, PromiseRejectionEvent } from "./events_kinds.js";
import { preventDefault } from "./events.js";
import { dispatchTrusted, handlerAttribute, hasListener, onListenerError } from "./events_target.js";
import { host } from "./host.js";
import { inspect } from "./inspect.js";
import { printThrown } from "./thrown.js";
import { onUncaught } from "./timers.js";
import { exposeFunction, ReflectApply } from "./primordials.js";

const ERROR_LEVEL = 4;
const global = globalThis;
let reporting = false;

handlerAttribute(global, "error", (handler, target, event) => {
  const { message, filename, lineno, colno, error } = event;
  if (ReflectApply(handler, target, [message, filename, lineno, colno, error]) === true) preventDefault(event);
});
handlerAttribute(global, "unhandledrejection");
handlerAttribute(global, "rejectionhandled");

function messageOf(error) {
  return `Uncaught ${printThrown(error)}`;
}

/** Dispatches an error to the listeners of the global object; whether one of them handled it. */
function isHandled(error) {
  // An error in a listener for errors is not theirs to handle.
  if (reporting || !hasListener(global, "error")) return false;
  reporting = true;
  try {
    return !dispatchTrusted(global, new ErrorEvent("error", { __proto__: null, message: messageOf(error), error, cancelable: true }));
  } finally {
    reporting = false;
  }
}

function print(what, error) {
  host.log(ERROR_LEVEL, `${what} ${inspect(error)}`);
}

/** An error that does not fail the invocation: it goes to listeners, or else to the console. */
export function reportException(error) {
  if (!isHandled(error)) print("Uncaught", error);
}
onListenerError(reportException);

/** Decides whether an error of a callback fails the invocation: unless a listener takes it on, it does. */
export function failUnlessHandled(fail) {
  onUncaught((error) => {
    if (!isHandled(error)) fail(error);
  });
}

exposeFunction({
  reportError(error) {
    if (arguments.length === 0) throw new TypeError("reportError needs an error");
    reportException(error);
  },
});

/** Promises that were rejected and have no handler, and such that got one late. */
export function reportRejections(promise, reason, late) {
  const type = late ? "rejectionhandled" : "unhandledrejection";
  if (!hasListener(global, type)) {
    if (!late) print("Uncaught (in promise)", reason);
    return;
  }
  const event = new PromiseRejectionEvent(type, { __proto__: null, promise, reason, cancelable: !late });
  if (dispatchTrusted(global, event) && !late) print("Uncaught (in promise)", reason);
}
