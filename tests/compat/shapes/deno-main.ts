// Deno: only when it is the main module
// expect: 200 main
function handler(_req: Request): Response { return new Response("main"); }
if (import.meta.main) {
  Deno.serve(handler);
}
