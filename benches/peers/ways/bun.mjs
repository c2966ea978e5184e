// Bun, one warm isolate for all requests, by its own server.
import { handlers, port, postgresTools } from "./works.mjs";

const all = handlers();
const lent = await postgresTools();
Bun.serve({
  port,
  hostname: "127.0.0.1",
  async fetch(request) {
    const name = new URL(request.url).pathname.slice(1);
    const text = request.method === "GET" ? "" : await request.text();
    return new Response(await all[name](text, lent), { headers: { "content-type": "application/json" } });
  },
});
