// Butterbase: a claim, and work after the response
// expect: 200 [true,false]
export async function handler(req: Request, ctx: any) {
  const key = crypto.randomUUID();
  ctx.waitUntil(Promise.resolve());
  return Response.json([await ctx.idempotency.claim(key, { scope: "s" }), await ctx.idempotency.claim(key, { scope: "s" })]);
}
