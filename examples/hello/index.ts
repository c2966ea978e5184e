/** The smallest function: a request comes in, a response goes out. */
export async function handler(req: Request): Promise<Response> {
  const name = new URL(req.url).searchParams.get("name") ?? "world";
  return Response.json({ hello: name });
}
