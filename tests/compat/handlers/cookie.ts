// cookie
import * as cookie from "cookie";
export default () => Response.json(typeof cookie);
