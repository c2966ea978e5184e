// cbor-x
import { encode, decode } from "cbor-x";
export default () => Response.json([decode(encode({ b: [1, "x"] })), encode([1]).length]);
