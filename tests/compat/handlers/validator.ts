// validator
import v from "validator";
export default () => Response.json([v.isEmail("a@b.co"), v.isURL("x"), v.escape("<a>"), v.isIBAN("GB82WEST12345698765432")]);
