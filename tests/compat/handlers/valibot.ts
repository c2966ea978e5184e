// valibot
import * as v from "valibot";
export default () => Response.json([v.parse(v.object({ a: v.pipe(v.string(), v.minLength(1)) }), { a: "x" }), v.safeParse(v.number(), "1").success]);
