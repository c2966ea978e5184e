/** The smallest function: takes a request, returns a response. */
export async function handler(req: Request): Promise<Response> {
  const name = new URL(req.url).searchParams.get("name") ?? "world";
  return Response.json({ hello: name });
}
