/** A whole application: hono's routes, zod's validation, jose's tokens. */
import { type Context, Hono } from "hono";
import { contextStorage, getContext } from "hono/context-storage";
import { HTTPException } from "hono/http-exception";
import { createMiddleware } from "hono/factory";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";

type Env = { Variables: { user: string } };

const secret = new TextEncoder().encode("a secret that is long enough for HMAC");
const Note = z.object({ title: z.string().min(1).max(20), tags: z.array(z.string()).default([]) });

const authorized = createMiddleware<Env>(async (c, next) => {
  const token = c.req.header("x-token") ?? "";
  try {
    const { payload } = await jwtVerify(token, secret, { issuer: "mayfly", algorithms: ["HS256"] });
    c.set("user", `${payload.sub}`);
  } catch (error) {
    throw new HTTPException(401, { message: (error as { code: string }).code });
  }
  await next();
});

const app = new Hono<Env>();
app.use(contextStorage());
app.onError((error, c) => c.json({ error: error.message }, error instanceof HTTPException ? error.status : 500));
app.notFound((c) => c.json({ error: `no ${new URL(c.req.url).pathname.split("/fn/hono")[1]}` }, 404));

const owner = async () => {
  await null;
  return getContext<Env>().var.user;
};

const routes = new Hono<Env>();
routes.post("/token", async (c) => {
  const { user } = await c.req.json<{ user: string }>();
  const token = new SignJWT().setProtectedHeader({ alg: "HS256" }).setSubject(user).setIssuer("mayfly").setExpirationTime("1h");
  return c.json({ token: await token.setIssuedAt().sign(secret) });
});
routes.post("/notes", authorized, async (c: Context<Env>) => {
  const parsed = Note.safeParse(await c.req.json());
  if (!parsed.success) return c.json({ issues: parsed.error.issues.map((issue) => issue.path.join(".")) }, 422);
  return c.json({ owner: await owner(), note: parsed.data }, 201);
});
routes.get("/notes/:id{[0-9]+}", (c) => c.text(`note ${c.req.param("id")} ${c.req.query("as") ?? ""}`));
app.route("/v1/:app/fn/hono", routes);

export default app;
