// Node, one warm isolate for all requests; with --jitless, without its compiler.
import { handlers, serve, tools } from "./works.mjs";

const all = handlers();
const lent = await tools();
await serve((name, text) => all[name](text, lent));
