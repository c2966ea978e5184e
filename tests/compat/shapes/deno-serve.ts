// Deno: serve
// expect: 200 Hello, world
Deno.serve((_req) => new Response("Hello, world"));
