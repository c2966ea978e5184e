// Cloudflare: work after the response
// expect: 200 queued
export default {
  async fetch(request: Request, env: unknown, ctx: { waitUntil(p: Promise<unknown>): void; passThroughOnException(): void }) {
    ctx.passThroughOnException();
    ctx.waitUntil(new Promise((done) => setTimeout(done, 1)));
    return new Response("queued");
  },
};
