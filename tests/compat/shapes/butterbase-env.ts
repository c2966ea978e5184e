// Butterbase: variables and who calls
// expect: 200 ["hi","service_key",null]
export async function handler(req: Request, ctx: any) {
  return Response.json([ctx.env.GREETING, ctx.caller.type, ctx.user]);
}
