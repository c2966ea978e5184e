/** A router that knows nothing of where it stands: hono's, at the function's root. */
import { Hono } from "hono";

const app = new Hono();
app.get("/", (c) => c.text("root"));
app.get("/notes/:id", (c) => c.text(`note ${c.req.param("id")} of ${new URL(c.req.url).pathname}`));

export default app;
