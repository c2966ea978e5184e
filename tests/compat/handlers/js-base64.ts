// js-base64
import { Base64 } from "js-base64";
export default () => Response.json([Base64.encode("é"), Base64.decode("w6k=")]);
