// Butterbase: a handler
// expect: 200 {"hello":"world"}
export async function handler(request: Request, ctx: any): Promise<Response> {
  const body = request.method === "POST" ? await request.json() : {};
  return new Response(JSON.stringify({ hello: body.name ?? "world" }), { status: 200, headers: { "Content-Type": "application/json" } });
}
