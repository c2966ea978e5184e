// nanoid
import { customAlphabet } from "nanoid";
export default () => Response.json(customAlphabet("a", 5)());
