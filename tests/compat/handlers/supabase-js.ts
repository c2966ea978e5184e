// supabase-js
import { createClient } from "@supabase/supabase-js";
export default async () => { const c = createClient("http://127.0.0.1:1", "key", { realtime: { transport: globalThis.WebSocket ?? class {} } }); const { error } = await c.from("t").select("*"); return Response.json([typeof c.auth.signUp, error !== null]); };
