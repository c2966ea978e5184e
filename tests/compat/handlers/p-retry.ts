// p-retry
import pRetry from "p-retry";
export default async () => { let n = 0; return Response.json(await pRetry(async () => { if (n++ < 1) throw new Error("x"); return n; }, { minTimeout: 1 })); };
