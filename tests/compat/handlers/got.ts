// got
import got from "got";
export default async () => Response.json(await got("http://127.0.0.1:1/", { retry: { limit: 0 } }).catch((e) => e.name));
