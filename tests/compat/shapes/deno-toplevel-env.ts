// Deno: a variable read at the top level is not there yet
// expect: 200 later
const early = Deno.env.get("GREETING");
Deno.serve(() => new Response(early ?? "later"));
