// Deno: serve with options
// expect: 200 options
Deno.serve({ port: 8000, onListen: () => {} }, async (req: Request, info) => {
  return new Response("options");
});
