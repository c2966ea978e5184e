// node-fetch
import fetch, { Headers } from "node-fetch";
export default async () => Response.json([await fetch("http://127.0.0.1:1/").catch((e) => "failed"), new Headers({ a: "b" }).get("a")]);
