// trpc
import { initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
const t = initTRPC.create();
const router = t.router({ a: t.procedure.query(() => ({ b: 1 })) });
export default () => fetchRequestHandler({ endpoint: "/x", req: new Request("http://h/x/a"), router, createContext: () => ({}) });
