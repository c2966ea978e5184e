// io-ts
import * as t from "io-ts";
export default () => Response.json(t.type({ a: t.number }).decode({ a: "x" })._tag);
