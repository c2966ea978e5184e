// Cloudflare: a module worker
// expect: 200 Hello World!
export default {
  async fetch(request, env, ctx): Promise<Response> {
    return new Response("Hello World!");
  },
} satisfies { fetch: (request: Request, env: unknown, ctx: unknown) => Promise<Response> };
