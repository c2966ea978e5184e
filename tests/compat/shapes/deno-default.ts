// Deno: a default export with fetch
// expect: 200 export
export default {
  fetch(req: Request) { return new Response("export"); },
} satisfies { fetch(req: Request): Response };
