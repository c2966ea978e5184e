// Cloudflare: paths by URL
// expect: 404 Not found
export default {
  async fetch(request: Request) {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/api/users": return Response.json([]);
      default: return new Response("Not found", { status: 404 });
    }
  },
};
