// xml2js
import { parseStringPromise, Builder } from "xml2js";
export default async () => Response.json([await parseStringPromise("<a><b c=\"1\">x</b></a>"), new Builder().buildObject({ a: 1 })]);
