/** Background work with `waitUntil`: `POST` starts a job and responds at once, `GET` lists the finished jobs. */
import type { Context } from "@mayfly/types";

export async function handler(req: Request, ctx: Context): Promise<Response> {
  if (req.method === "POST") {
    const name = new URL(req.url).searchParams.get("name") ?? "job";
    ctx.waitUntil(work(name, ctx));
    return Response.json({ accepted: name }, { status: 202 });
  }
  const { rows } = await ctx.db.query("SELECT name, finished_at FROM jobs ORDER BY id DESC LIMIT 20");
  return Response.json({ finished: rows });
}

async function work(name: string, { db }: Context): Promise<void> {
  await new Promise((done) => setTimeout(done, 200));
  await db.query("INSERT INTO jobs (name) VALUES ($1)", [name]);
  console.log("finished", name);
}
