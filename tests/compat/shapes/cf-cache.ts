// Cloudflare: the cache
// expect: 200 made
export default {
  async fetch(request: Request, env: unknown, ctx: { waitUntil(p: Promise<unknown>): void }) {
    const cache = (caches as unknown as { default: Cache }).default;
    const known = await cache.match(request);
    if (known) return known;
    const response = new Response("made", { headers: { "cache-control": "max-age=60" } });
    ctx.waitUntil(cache.put(request, response.clone()));
    return response;
  },
};
