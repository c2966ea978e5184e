// Every global of the sandbox: of a class its own and its instances' members, of anything else what it has.
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
  // A function that is no class has one that can be replaced, or none.
  const isClass = Object.getOwnPropertyDescriptor(it, "prototype")?.writable === false;
  return isClass ? { statics, members: chain(it.prototype), isClass } : { statics };
}

export default () => {
  const globals = {};
  for (let at = globalThis; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of own(at)) globals[key] ??= describe(globalThis[key]);
  }
  return Response.json(globals);
};
