// Butterbase: a counter in ctx.kv
// expect: 200 {"hits":1,"seen":{"at":1}}
export default async function handler(request: Request, ctx: any) {
  await ctx.kv.del("hits");
  const hits = await ctx.kv.incr("hits");
  await ctx.kv.set("seen", { at: 1 }, { ttl: 60 });
  return Response.json({ hits, seen: await ctx.kv.get("seen") });
}
