// Deno: an import from an address
// expect: refused from which nothing is fetched
import "https://deno.land/x/xhr@0.3.0/mod.ts";
Deno.serve(() => new Response("x"));
