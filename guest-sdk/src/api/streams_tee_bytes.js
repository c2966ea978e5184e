// ReadableStreamTee, for byte streams: both branches support BYOB readers.

import { callBytePull, closeBytes, enqueueBytes, errorBytes, setUpByteController } from "./streams_bytes.js";
import { startReadable } from "./streams_readable_control.js";
import {
  acquireReader,
  BYOB,
  DEFAULT,
  newReadable,
  readableCancel,
  readChunk,
  readInto,
  releaseReader,
} from "./streams_readable_core.js";
import { currentRequest, respond, respondWithView } from "./streams_respond.js";
import { cancelBranch, queueMicrotaskFor, teeState } from "./streams_tee.js";
import { queueLength } from "./queue.js";
import {
  ArrayBufferByteLength,
  adoptable,
  ArrayPush,
  copyBytes,
  following,
  TypedArrayBuffer,
  TypedArrayByteLength,
  TypedArrayByteOffset,
  uponPromise,
} from "./primordials.js";

/** A byte stream of the platform's own making. */
export function createByteStream(source, highWaterMark) {
  const stream = newReadable();
  const controller = setUpByteController(stream, source, highWaterMark, undefined);
  startReadable(controller, callBytePull, errorBytes);
  return stream;
}

function enqueue(controller, chunk) {
  enqueueBytes(controller, TypedArrayBuffer(chunk), TypedArrayByteOffset(chunk), TypedArrayByteLength(chunk));
}

function answer(controller, view) {
  const buffer = TypedArrayBuffer(view);
  const length = ArrayBufferByteLength(buffer);
  respondWithView(controller, buffer, TypedArrayByteOffset(view), TypedArrayByteLength(view), length);
}

export function teeBytes(stream) {
  const state = teeState();
  const branches = [];
  const readAgain = [false, false];
  let reader = acquireReader(stream, DEFAULT);
  const someoneReads = () => !state.canceled[0] || !state.canceled[1];
  const errorBoth = (error) => {
    for (let i = 0; i < 2; i++) errorBytes(branches[i].controller, error);
  };
  const copyOf = (chunk) => {
    try {
      return new Uint8Array(copyBytes(TypedArrayBuffer(chunk), TypedArrayByteOffset(chunk), TypedArrayByteLength(chunk)));
    } catch (error) {
      errorBoth(error);
      state.resolve(adoptable(readableCancel(stream, error)));
      return null;
    }
  };
  const forward = (current) => {
    uponPromise(current.closed.promise, undefined, (reason) => {
      if (current !== reader) return;
      errorBoth(reason);
      if (someoneReads()) state.resolve(undefined);
    });
  };
  const again = () => {
    state.reading = false;
    for (let i = 0; i < 2; i++) {
      if (!readAgain[i]) continue;
      pull(i);
      return;
    }
  };
  const failed = () => {
    state.reading = false;
  };
  const switchTo = (kind) => {
    if (reader.kind === kind) return;
    releaseReader(reader);
    reader = acquireReader(stream, kind);
    forward(reader);
  };

  const pullChunk = () => {
    switchTo(DEFAULT);
    readChunk(reader, { __proto__: null, chunk: onChunk, close: onClose, error: failed });
  };
  const onChunk = (chunk) => {
    queueMicrotaskFor(() => {
      readAgain[0] = readAgain[1] = false;
      let second = chunk;
      if (!state.canceled[0] && !state.canceled[1]) {
        second = copyOf(chunk);
        if (second === null) return;
      }
      if (!state.canceled[0]) enqueue(branches[0].controller, chunk);
      if (!state.canceled[1]) enqueue(branches[1].controller, second);
      again();
    });
  };
  const onClose = () => {
    state.reading = false;
    for (let i = 0; i < 2; i++) if (!state.canceled[i]) closeBytes(branches[i].controller);
    for (let i = 0; i < 2; i++) {
      if (queueLength(branches[i].controller.pullIntos) > 0) respond(branches[i].controller, 0);
    }
    if (someoneReads()) state.resolve(undefined);
  };

  const pullView = (view, forBranch) => {
    switchTo(BYOB);
    const wanted = {
      __proto__: null,
      buffer: TypedArrayBuffer(view),
      byteOffset: TypedArrayByteOffset(view),
      byteLength: TypedArrayByteLength(view),
      elementSize: 1,
      constructor: Uint8Array,
    };
    const chunk = (filled) => onView(filled, forBranch);
    const close = (rest) => onViewClose(rest, forBranch);
    readInto(reader, wanted, 1, { __proto__: null, chunk, close, error: failed });
  };
  const onView = (chunk, forBranch) => {
    queueMicrotaskFor(() => {
      readAgain[0] = readAgain[1] = false;
      const mine = branches[forBranch].controller;
      const other = branches[1 - forBranch].controller;
      if (!state.canceled[1 - forBranch]) {
        const copy = copyOf(chunk);
        if (copy === null) return;
        if (!state.canceled[forBranch]) answer(mine, chunk);
        enqueue(other, copy);
      } else if (!state.canceled[forBranch]) answer(mine, chunk);
      again();
    });
  };
  const onViewClose = (chunk, forBranch) => {
    state.reading = false;
    const mine = branches[forBranch].controller;
    const other = branches[1 - forBranch].controller;
    const mineCanceled = state.canceled[forBranch];
    const otherCanceled = state.canceled[1 - forBranch];
    if (!mineCanceled) closeBytes(mine);
    if (!otherCanceled) closeBytes(other);
    if (chunk !== undefined) {
      if (!mineCanceled) answer(mine, chunk);
      if (!otherCanceled && queueLength(other.pullIntos) > 0) respond(other, 0);
    }
    if (!mineCanceled || !otherCanceled) state.resolve(undefined);
  };

  const pull = (branch) => {
    if (state.reading) {
      readAgain[branch] = true;
      return following(undefined);
    }
    state.reading = true;
    const request = currentRequest(branches[branch].controller);
    if (request === null) pullChunk();
    else pullView(request.view, branch);
    return following(undefined);
  };
  for (let i = 0; i < 2; i++) {
    const cancel = (reason) => cancelBranch(state, stream, i, reason);
    ArrayPush(branches, createByteStream({ __proto__: null, start() {}, pull: () => pull(i), cancel }, 0));
  }
  forward(reader);
  return branches;
}
