// A fresh context of Node's vm for each request; the script is compiled once. A path /tenant-N keeps a context for that tenant.
import vm from "node:vm";

import { keeper, serve, tools, works } from "./works.mjs";

const scripts = Object.fromEntries(
  works.map(({ name, source }) => [name, new vm.Script(`${source}\nhandler(text, tools)`, { filename: name })]),
);
const lent = await tools();
const fresh = (text) => vm.createContext({ text, tools: lent, crypto, setTimeout, TextEncoder });
const tenant = keeper(() => fresh(""));
await serve(async (name, text) => {
  if (name.startsWith("tenant-")) return scripts.hello.runInContext(await tenant(name));
  return scripts[name].runInContext(fresh(text));
});
