// hono
import { Hono } from "hono";
import { html } from "hono/html";
const app = new Hono();
app.get("*", (c) => c.json([String(html`<b>${"<"}</b>`), c.req.method]));
export default app;
