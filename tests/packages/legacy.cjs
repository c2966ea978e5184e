"use strict";
const crypto = require("crypto");
const { Buffer } = require("node:buffer");
const EventEmitter = require("events");
const util = require("util");
const assert = require("assert");

function Legacy() {
  EventEmitter.call(this);
}
util.inherits(Legacy, EventEmitter);

let missing = "";
try {
  require("node:fs");
} catch (error) {
  missing = error.code;
}

module.exports = function legacy(text) {
  assert(typeof text === "string");
  const emitter = new Legacy();
  let heard;
  emitter.once("said", (value) => {
    heard = value;
  });
  emitter.emit("said", text);
  const digest = crypto.createHash("md5").update(Buffer.from(text)).digest("hex");
  const environment = typeof process !== "undefined" && process.versions ? "node" : process.env.NODE_ENV;
  assert.strictEqual(process.env.DEBUG, undefined);
  return [heard, digest, environment, global === globalThis, missing];
};
