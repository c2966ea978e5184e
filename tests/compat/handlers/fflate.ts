// fflate
import { zipSync, unzipSync, strToU8, strFromU8 } from "fflate";
export default () => Response.json(strFromU8(unzipSync(zipSync({ a: strToU8("hi") })).a));
