// Deno: a variable
// expect: 200 hi
Deno.serve(() => new Response(Deno.env.get("GREETING") ?? "none"));
