// Deno: serve of the standard library, from its address
// expect: 200 x
import { serve } from "https://deno.land/std@0.168.0/http/server.ts";
serve(() => new Response("x"));
