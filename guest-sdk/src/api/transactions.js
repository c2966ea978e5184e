// Transactions: which one a piece of work began in, so that what it does elsewhere can be part of it.

import { host } from "./host.js";
import { ReflectApply } from "./primordials.js";

// Why a transaction, or a database under another identity, cannot be used: an SQLSTATE and a sentence.
export const ENDED = ["25P01", "This transaction has ended: its function has returned"];
export const LEFT = ["25P01", "This database was for a function that has returned"];
export const NESTED = ["25002", "A transaction within this one is open: use that one, or wait for its end"];

export function failure({ 0: code, 1: message }) {
  const error = new Error(message);
  error.code = code;
  return error;
}

// Under this key the frames of `node:async_hooks` have the transaction that a piece of work began in.
const TRANSACTION = {};

/** Calls `work` so that the jobs of all that it begins go into this transaction. */
export function withinTransaction(source, work, argument) {
  host.trackAsyncFrames();
  const outer = host.asyncFrame();
  host.enterAsyncFrame({ __proto__: null, key: TRANSACTION, store: source, next: outer });
  try {
    return ReflectApply(work, undefined, [argument]);
  } finally {
    host.enterAsyncFrame(outer);
  }
}

/** The innermost transaction that the caller runs in and that is open. */
export function surroundingTransaction() {
  for (let frame = host.asyncFrame(); frame !== undefined; frame = frame.next) {
    if (frame.key === TRANSACTION && frame.store.closed !== ENDED) return frame.store;
  }
  return null;
}
