// pg
import pg from "pg";
export default async () => Response.json(await new pg.Client({ host: "127.0.0.1", port: 1 }).connect().then(() => "connected", () => "failed"));
