// The interfaces ReadableStreamDefaultController, ReadableByteStreamController and ReadableStreamBYOBRequest.

import { INTERNAL, refuseConstruction } from "./streams_common.js";
import { byteDesiredSize, closeBytes, enqueueBytes, errorBytes } from "./streams_bytes.js";
import {
  canCloseOrEnqueue,
  closeDefault,
  defaultDesiredSize,
  enqueueDefault,
  errorDefault,
} from "./streams_readable_control.js";
import { READABLE } from "./streams_readable_core.js";
import { currentRequest, respond, respondWithView } from "./streams_respond.js";
import { viewParts } from "./streams_views.js";
import { ArrayBufferByteLength, ArrayBufferDetached, exposeInterface, TypedArrayBuffer } from "./primordials.js";

class ReadableStreamDefaultController {
  #controller;
  constructor(key, controller) {
    refuseConstruction(key);
    this.#controller = controller;
  }
  get desiredSize() {
    return defaultDesiredSize(this.#controller);
  }
  close() {
    if (!canCloseOrEnqueue(this.#controller)) throw new TypeError("The stream is closed already");
    closeDefault(this.#controller);
  }
  enqueue(chunk = undefined) {
    if (!canCloseOrEnqueue(this.#controller)) throw new TypeError("The stream is closed and takes no more chunks");
    enqueueDefault(this.#controller, chunk);
  }
  error(error = undefined) {
    errorDefault(this.#controller, error);
  }
}

class ReadableByteStreamController {
  #controller;
  constructor(key, controller) {
    refuseConstruction(key);
    this.#controller = controller;
  }
  get byobRequest() {
    const request = currentRequest(this.#controller);
    if (request === null) return null;
    return (request.object ??= new ReadableStreamBYOBRequest(INTERNAL, request));
  }
  get desiredSize() {
    return byteDesiredSize(this.#controller);
  }
  close() {
    const controller = this.#controller;
    if (controller.closeRequested || controller.stream.state !== READABLE) {
      throw new TypeError("The stream is closed already");
    }
    closeBytes(controller);
  }
  enqueue(chunk) {
    const controller = this.#controller;
    const { buffer, byteOffset, byteLength } = viewParts(chunk);
    if (byteLength === 0) throw new TypeError("A chunk of bytes has at least one");
    if (ArrayBufferByteLength(buffer) === 0) throw new TypeError("The chunk's buffer is empty");
    if (controller.closeRequested || controller.stream.state !== READABLE) {
      throw new TypeError("The stream is closed and takes no more chunks");
    }
    enqueueBytes(controller, buffer, byteOffset, byteLength);
  }
  error(error = undefined) {
    errorBytes(this.#controller, error);
  }
}

class ReadableStreamBYOBRequest {
  #request;
  constructor(key, request) {
    refuseConstruction(key);
    this.#request = request;
  }
  get view() {
    return this.#request.view;
  }
  respond(bytesWritten) {
    const request = this.#request;
    const length = count(arguments.length, bytesWritten);
    requireOpen(request);
    if (ArrayBufferDetached(TypedArrayBuffer(request.view))) throw new TypeError("The view's buffer is detached");
    respond(request.controller, length);
  }
  respondWithNewView(view) {
    const request = this.#request;
    const { buffer, byteOffset, byteLength } = viewParts(view);
    requireOpen(request);
    if (ArrayBufferDetached(buffer)) throw new TypeError("The view's buffer is detached");
    respondWithView(request.controller, buffer, byteOffset, byteLength, ArrayBufferByteLength(buffer));
  }
}

function requireOpen(request) {
  if (request.controller === null) throw new TypeError("This request has been answered");
}

function count(given, value) {
  if (given === 0) throw new TypeError("respond needs the number of bytes that were written");
  const number = +value;
  const whole = number < 0 ? -(-number - (-number % 1)) : number - (number % 1);
  if (!(whole >= 0 && whole <= 2 ** 53 - 1)) throw new TypeError(`${value} is not a number of bytes`);
  return whole;
}

for (const constructor of [ReadableStreamDefaultController, ReadableByteStreamController, ReadableStreamBYOBRequest]) {
  Object.defineProperty(constructor, "length", { value: 0, configurable: true });
  exposeInterface(constructor, constructor.name);
}

export function newDefaultControllerObject(controller) {
  return new ReadableStreamDefaultController(INTERNAL, controller);
}

export function newByteControllerObject(controller) {
  return new ReadableByteStreamController(INTERNAL, controller);
}
