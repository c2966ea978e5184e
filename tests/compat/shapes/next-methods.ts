// Next: several methods
// expect: 200 {"params":null}
export const dynamic = "force-dynamic";
export async function GET(request: Request, context: { params?: unknown }) {
  return Response.json({ params: context.params ?? null });
}
export async function POST(request: Request) {
  return Response.json(await request.json(), { status: 201 });
}
