// Next: a route handler
// expect: 200 {"data":1}
export async function GET(request: Request) {
  return Response.json({ data: 1 });
}
