// Next: another method is refused
// expect: 405 
export async function POST() { return new Response("x"); }
