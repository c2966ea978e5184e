// pako
import * as pako from "pako";
export default () => Response.json(pako.inflate(pako.deflate("hello".repeat(50)), { to: "string" }).length);
