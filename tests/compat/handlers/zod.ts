// zod
import { z } from "zod";
const S = z.object({ a: z.string().email(), b: z.coerce.number() });
export default () => Response.json([S.parse({ a: "x@y.zz", b: "3" }), S.safeParse({}).error.issues.length]);
