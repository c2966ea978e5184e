// p-limit
import pLimit from "p-limit";
export default async () => { const l = pLimit(1); return Response.json(await Promise.all([1, 2].map((x) => l(async () => x * 2)))); };
