// msgpackr
import { pack, unpack } from "msgpackr";
export default () => Response.json([pack({ a: 1 }).length, unpack(pack({ b: [1, "x"] }))]);
