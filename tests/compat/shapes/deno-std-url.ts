// Deno: an import from an address
// expect: refused from which nothing is fetched
import { serve } from "https://deno.land/std@0.168.0/http/server.ts";
serve(() => new Response("x"));
