// Deno: a package by npm:
// expect: 200 {"success":true}
import { z } from "npm:zod@3.25";
Deno.serve(() => Response.json({ success: z.string().safeParse("x").success }));
