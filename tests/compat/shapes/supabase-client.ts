// Supabase: a client with the caller's header
// expect: 200 object
import { createClient } from "jsr:@supabase/supabase-js@2";
Deno.serve(async (req: Request) => {
  const client = createClient(Deno.env.get("SUPABASE_URL") ?? "http://127.0.0.1:1", Deno.env.get("SUPABASE_ANON_KEY") ?? "anon", { global: { headers: { Authorization: req.headers.get("Authorization") ?? "" } } });
  return new Response(typeof client.auth);
});
