// uuid
import { v5, validate } from "uuid";
export default () => Response.json([v5("a", v5.URL), validate("x")]);
