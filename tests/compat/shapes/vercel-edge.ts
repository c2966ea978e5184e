// Vercel: an edge function
// expect: 200 Hello from Edge
export const config = { runtime: "edge" };
export default (request: Request) => new Response(`Hello from Edge`);
