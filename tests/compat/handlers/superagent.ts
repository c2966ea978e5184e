// superagent
import superagent from "superagent";
export default async () => Response.json(await superagent.get("http://127.0.0.1:1/").catch((e) => "failed"));
