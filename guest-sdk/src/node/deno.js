// `Deno` for functions that are written for it: `serve`, `env`, and little else.

import { serve as serveBy } from "../api/shapes.js";
import { absent } from "./absent.js";
import { process } from "./process.js";

function serve(...given) {
  const handler = given.find((value) => typeof value === "function") ?? given.find((value) => typeof value?.handler === "function")?.handler;
  if (handler === undefined) throw new TypeError("Deno.serve needs a handler");
  serveBy((req) => handler(req, INFO));
  return { finished: new Promise(() => {}), shutdown: async () => {}, ref() {}, unref() {}, addr: INFO.remoteAddr };
}

const INFO = { remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 0 }, completed: Promise.resolve() };

const members = {
  serve,
  env: {
    get: (name) => process.env[name],
    has: (name) => name in process.env,
    set: (name, value) => {
      process.env[name] = value;
    },
    delete: (name) => {
      delete process.env[name];
    },
    toObject: () => ({ ...process.env }),
  },
  args: [],
  build: { os: "linux", arch: "x86_64", target: "x86_64-unknown-linux-gnu", vendor: "unknown", standalone: false },
  version: { deno: "2.0.0", v8: "0", typescript: "5.6.0" },
  pid: 1,
  mainModule: "file:///function.ts",
  errors: { NotFound: class NotFound extends Error {} },
  inspect: (value) => globalThis.String(value),
  cwd: () => "/",
  exit: absent("Deno", "exit"),
  memoryUsage: () => process.memoryUsage(),
};

export const Deno = new Proxy(members, {
  __proto__: null,
  get(target, name, receiver) {
    if (typeof name === "symbol" || name in target || name === "then") return Reflect.get(target, name, receiver);
    return absent("Deno", name);
  },
});
