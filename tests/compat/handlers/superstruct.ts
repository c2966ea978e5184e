// superstruct
import { object, string, is } from "superstruct";
export default () => Response.json([is({ a: "1" }, object({ a: string() })), is({}, object({ a: string() }))]);
