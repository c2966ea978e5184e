// Netlify: a function
// expect: 200 netlify
export default async (req: Request, context: unknown) => new Response("netlify");
export const config = { path: "/hello" };
