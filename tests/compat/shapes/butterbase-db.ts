// Butterbase: the database
// expect: 200 {"n":2}
export async function handler(request: Request, ctx: any) {
  const result = await ctx.db.query("SELECT $1::int + 1 AS n", [1]);
  return Response.json({ n: result.rows[0].n });
}
