// ioredis
import Redis from "ioredis";
export default async () => { const r = new Redis({ host: "127.0.0.1", port: 1, lazyConnect: true, retryStrategy: () => null }); r.on("error", () => {}); return Response.json(await r.connect().then(() => "connected", () => "failed")); };
