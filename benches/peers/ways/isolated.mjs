// A fresh V8 isolate for each request, by isolated-vm. A path /tenant-N keeps an isolate for that tenant.
import ivm from "isolated-vm";

import { keeper, serve, works } from "./works.mjs";

const sources = Object.fromEntries(works.map(({ name, source }) => [name, source]));

function run(context, name, text) {
  const script = `${sources[name]}\nreturn handler($0, {});`;
  return context.evalClosure(script, [text], { result: { copy: true, promise: true } });
}

const tenant = keeper(() => new ivm.Isolate({ memoryLimit: 64 }).createContext());
await serve(async (name, text) => {
  if (name.startsWith("tenant-")) return run(await tenant(name), "hello", "");
  const isolate = new ivm.Isolate({ memoryLimit: 64 });
  try {
    return await run(await isolate.createContext(), name, text);
  } finally {
    isolate.dispose();
  }
});
