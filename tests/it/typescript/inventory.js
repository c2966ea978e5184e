// Lists every global of the sandbox: of a class its static and instance members, of any other value its members.
const name = (key) => (typeof key === "symbol" ? `[${key.description}]` : key);
const own = (it, without = []) => Reflect.ownKeys(it).map(name).filter((key) => !without.includes(key));

function chain(it) {
  const found = new Set();
  for (let at = it; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of own(at, ["constructor", "[Symbol.toStringTag]"])) found.add(key);
  }
  return [...found];
}

function describe(it) {
  if (typeof it !== "function") return typeof it === "object" && it !== null ? { members: chain(it) } : {};
  const statics = own(it, ["length", "name", "prototype", "arguments", "caller"]);
  // A function that is not a class has a writable prototype, or none.
  const isClass = Object.getOwnPropertyDescriptor(it, "prototype")?.writable === false;
  return isClass ? { statics, members: chain(it.prototype), isClass } : { statics };
}

export default () => {
  // What stands there for those alone who name it, stands there now.
  if (typeof WebSocket !== "function") throw new TypeError("there is no WebSocket");
  const globals = {};
  for (let at = globalThis; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of own(at)) globals[key] ??= describe(globalThis[key]);
  }
  return Response.json(globals);
};
