// An order and the job that sends its receipt: stored together, or not at all. The job runs this very function.
export default async (req: Request, ctx: any) => {
  if (ctx.trigger.type === "queue") return send(await req.json(), ctx);
  if (req.method !== "POST") {
    const { rows } = await ctx.db.query("SELECT email, sent_at, attempts FROM receipts ORDER BY id");
    return Response.json({ orders: rows });
  }
  const { email } = await req.json();
  if (typeof email !== "string" || !email.includes("@")) return Response.json({ error: "an order needs an email" }, { status: 400 });
  const job = await ctx.db.tx(async (tx: any) => {
    const { rows } = await tx.query("INSERT INTO receipts (email) VALUES ($1) RETURNING id", [email]);
    return ctx.enqueue("queue-receipts", { order: rows[0].id }, { attempts: 3, backoff: 1, key: `receipt-${rows[0].id}` });
  });
  return Response.json(job, { status: 202 });
};

/** A mail service would be called here. It fails the first time, as services do. */
async function send({ order }: { order: number }, ctx: any) {
  await ctx.db.query("UPDATE receipts SET attempts = attempts + 1 WHERE id = $1", [order]);
  if (ctx.trigger.attempt === 1) return new Response("the mail service is busy", { status: 503 });
  await ctx.db.query("UPDATE receipts SET sent_at = now() WHERE id = $1 AND sent_at IS NULL", [order]);
  return new Response(null, { status: 204 });
}
