// node:process, and the global of that name.

import { host } from "../api/host.js";
import { JSONParse, ReflectApply, StringEndsWith, StringSlice } from "../api/primordials.js";
import { failure, requireFunction } from "./errors.js";
import { EventEmitter } from "./events.js";
import { ObjectAssign } from "./language.js";

const { console, performance, queueMicrotask } = globalThis;
const VERSION = "20.20.0";

// What the top level sets stays; the function's variables are read when an invocation first asks for one.
const variables = { NODE_ENV: "production" };
let read = false;

function filled() {
  if (read) return variables;
  try {
    host.requireInvocation("process.env");
  } catch {
    return variables;
  }
  read = true;
  const given = JSONParse(host.env());
  for (const name in given) {
    if (!(name in variables) || (name === "NODE_ENV" && variables.NODE_ENV === "production")) variables[name] = given[name];
  }
  return variables;
}

const env = new Proxy(variables, {
  __proto__: null,
  get: (_, name) => (typeof name === "symbol" ? undefined : filled()[name]),
  has: (_, name) => name in filled(),
  ownKeys: () => Reflect.ownKeys(filled()),
  getOwnPropertyDescriptor: (_, name) => Object.getOwnPropertyDescriptor(filled(), name),
  set(_, name, value) {
    filled()[name] = `${value}`;
    return true;
  },
  deleteProperty: (_, name) => delete filled()[name],
});

/** What is written becomes lines of the console. */
function output(fd, say) {
  const stream = Object.create(EventEmitter.prototype);
  return ObjectAssign(stream, {
    fd,
    isTTY: false,
    writable: true,
    columns: 80,
    rows: 24,
    write(chunk, encoding, callback) {
      const text = typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
      say(StringEndsWith(text, "\n") ? StringSlice(text, 0, -1) : text);
      const done = typeof encoding === "function" ? encoding : callback;
      if (typeof done === "function") nextTick(done);
      return true;
    },
    end(chunk) {
      if (chunk !== undefined && chunk !== null) this.write(chunk);
      return this;
    },
    cork() {},
    uncork() {},
    getColorDepth: () => 1,
    hasColors: () => false,
    getWindowSize: () => [80, 24],
  });
}

export function nextTick(callback, ...args) {
  requireFunction(callback, "callback");
  queueMicrotask(args.length === 0 ? callback : () => ReflectApply(callback, undefined, args));
}

function hrtime(since) {
  const now = performance.timeOrigin + performance.now();
  let seconds = (now - (now % 1000)) / 1000;
  let nanoseconds = Math.floor((now % 1000) * 1e6);
  if (since !== undefined) {
    seconds -= since[0];
    nanoseconds -= since[1];
    if (nanoseconds < 0) {
      seconds -= 1;
      nanoseconds += 1e9;
    }
  }
  return [seconds, nanoseconds];
}
hrtime.bigint = () => {
  const [seconds, nanoseconds] = hrtime();
  return BigInt(seconds) * 1000000000n + BigInt(nanoseconds);
};

function memoryUsage() {
  return { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 };
}
memoryUsage.rss = () => 0;

function unavailable(name, instead) {
  return () => {
    throw failure("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", `process.${name} is not available in a function: ${instead}`);
  };
}

class Process extends EventEmitter {}
Object.defineProperty(Process, "name", { value: "process" });
Object.defineProperty(Process.prototype, Symbol.toStringTag, { value: "process", configurable: true });

export const process = ObjectAssign(new Process(), {
  title: "node",
  version: `v${VERSION}`,
  versions: { node: VERSION, modules: "115" },
  release: { name: "node", lts: "Iron" },
  arch: "x64",
  platform: "linux",
  argv: ["node", "/function.js"],
  argv0: "node",
  execArgv: [],
  execPath: "/usr/bin/node",
  pid: 1,
  ppid: 0,
  exitCode: undefined,
  features: {},
  config: { target_defaults: {}, variables: {} },
  env,
  stdout: output(1, (text) => console.log(text)),
  stderr: output(2, (text) => console.error(text)),
  stdin: ObjectAssign(Object.create(EventEmitter.prototype), { fd: 0, isTTY: false, readable: false }),
  allowedNodeEnvironmentFlags: new Set(),
  nextTick,
  hrtime,
  memoryUsage,
  cpuUsage: () => ({ user: Math.floor(performance.now() * 1000), system: 0 }),
  uptime: () => performance.now() / 1000,
  cwd: () => "/",
  umask: () => 0o22,
  emitWarning: (warning) => console.warn(typeof warning === "string" ? `Warning: ${warning}` : warning),
  exit: unavailable("exit", "it ends with its response, or with an error"),
  abort: unavailable("abort", "it ends with its response, or with an error"),
  kill: unavailable("kill", "there are no processes"),
  chdir: unavailable("chdir", "there are no files"),
  binding: unavailable("binding", "there is no native code"),
  dlopen: unavailable("dlopen", "there is no native code"),
  hasUncaughtExceptionCaptureCallback: () => false,
  setUncaughtExceptionCaptureCallback() {},
  getuid: () => 1000,
  geteuid: () => 1000,
  getgid: () => 1000,
  getegid: () => 1000,
});
