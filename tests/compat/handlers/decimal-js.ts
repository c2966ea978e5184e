// decimal.js
import Decimal from "decimal.js";
export default () => Response.json([Decimal.div(1, 3).toString(), Decimal.exp(1).toString()]);
