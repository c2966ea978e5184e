// ky
import ky from "ky";
export default async () => Response.json(await ky("http://127.0.0.1:1/", { retry: 0 }).catch(() => "failed"));
