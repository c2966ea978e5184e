// Transferable streams, in a transfer list: what is read at the new end is written at the old one, chunk by chunk as
// copies, through a channel whose messages are tasks.

import { deserialize, onTransfer, serialize } from "./clone.js";
import { refuse } from "./clone_write.js";
import { newQueue, queueLength, queuePush, queueShift } from "./queue.js";
import { pendingSlot, resolvedSlot, resolveSlot } from "./streams_common.js";
import { pipe } from "./streams_pipe.js";
import { closeDefault, createReadable, enqueueDefault, errorDefault } from "./streams_readable_control.js";
import { isReadableLocked } from "./streams_readable_core.js";
import { readableObject, readableOf } from "./streams_readable.js";
import { transformObject, transformOf } from "./streams_transform.js";
import { createWritable, errorIfNeeded } from "./streams_writable_control.js";
import { isWritableLocked } from "./streams_writable_core.js";
import { writableObject, writableOf } from "./streams_writable.js";
import { queueTask } from "./tasks.js";
import { adoptable, following, markHandled, rejected, uponPromise } from "./primordials.js";

const CHUNK = 0;
const PULL = 1;
const CLOSE = 2;
const ERROR = 3;
const OPTIONS = { __proto__: null, preventClose: false, preventAbort: false, preventCancel: false, signal: undefined };

function newEnd() {
  return { __proto__: null, other: null, messages: newQueue(), receive: null };
}

function newChannel() {
  const near = newEnd();
  const far = newEnd();
  near.other = far;
  far.other = near;
  return { __proto__: null, near, far };
}

function deliver(end) {
  const { type, data } = queueShift(end.messages);
  end.receive(type, deserialize(data).value);
}

function listen(end, receive) {
  end.receive = receive;
  for (let i = 0; i < queueLength(end.messages); i++) queueTask(() => deliver(end));
}

function post({ other }, type, value) {
  queuePush(other.messages, { __proto__: null, type, data: serialize(value, []) });
  if (other.receive !== null) queueTask(() => deliver(other));
}

/** The other end learns of an error; of that it cannot be copied, where it cannot. */
function postError(end, reason) {
  try {
    post(end, ERROR, reason);
  } catch (error) {
    post(end, ERROR, error);
    throw error;
  }
}

/** The promise of work that is done at once. */
function attempt(work) {
  try {
    work();
    return following(undefined);
  } catch (error) {
    return rejected(error);
  }
}

/** A stream that reads what comes in at an end. */
function readableAt(end) {
  const stream = createReadable(
    {
      __proto__: null,
      start: () => undefined,
      pull: () => attempt(() => post(end, PULL, undefined)),
      cancel: (reason) => attempt(() => postError(end, reason)),
    },
    0,
    () => 1,
  );
  const { controller } = stream;
  listen(end, (type, value) => {
    if (type === CHUNK) enqueueDefault(controller, value);
    else if (type === CLOSE) closeDefault(controller);
    else if (type === ERROR) errorDefault(controller, value);
  });
  return stream;
}

/** A stream whose chunks go out at an end, each when it was asked for. */
function writableAt(end) {
  let room = pendingSlot();
  const send = (chunk) => {
    room = pendingSlot();
    try {
      post(end, CHUNK, chunk);
    } catch (error) {
      postError(end, error);
      throw error;
    }
  };
  const stream = createWritable(
    {
      __proto__: null,
      start: () => undefined,
      write: (chunk) => adoptable(uponPromise(room.promise, () => send(chunk))),
      close: () => attempt(() => post(end, CLOSE, undefined)),
      abort: (reason) => attempt(() => postError(end, reason)),
    },
    1,
    () => 1,
  );
  listen(end, (type, value) => {
    if (type !== PULL && type !== ERROR) return;
    if (type === ERROR) errorIfNeeded(stream.controller, value);
    resolveSlot(room);
    room = resolvedSlot();
  });
  return stream;
}

/** Takes a readable stream; what makes the new one. */
function sendReadable(value, stream) {
  if (isReadableLocked(stream)) refuse(value);
  const { near, far } = newChannel();
  markHandled(pipe(stream, writableAt(near), OPTIONS));
  return () => readableObject(readableAt(far));
}

function sendWritable(value, stream) {
  if (isWritableLocked(stream)) refuse(value);
  const { near, far } = newChannel();
  markHandled(pipe(readableAt(near), stream, OPTIONS));
  return () => writableObject(writableAt(far));
}

function sendTransform(value, { readable, writable }) {
  if (isReadableLocked(readable) || isWritableLocked(writable)) refuse(value);
  const makeReadable = sendReadable(value, readable);
  const makeWritable = sendWritable(value, writable);
  return () => transformObject(readableOf(makeReadable()), writableOf(makeWritable()));
}

for (const [recordOf, send] of [
  [readableOf, sendReadable],
  [writableOf, sendWritable],
  [transformOf, sendTransform],
]) {
  onTransfer(
    (value) => recordOf(value) !== undefined,
    (value) => send(value, recordOf(value)),
  );
}
