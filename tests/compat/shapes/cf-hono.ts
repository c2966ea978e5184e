// Cloudflare: Hono with bindings
// expect: 200 {"v":"hi"}
import { Hono } from "hono";
const app = new Hono<{ Bindings: { GREETING: string } }>();
app.all("*", (c) => c.json({ v: c.env.GREETING }));
export default app;
