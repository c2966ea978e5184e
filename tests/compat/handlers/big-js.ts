// big.js
import Big from "big.js";
export default () => Response.json([new Big("0.1").plus("0.2").toString(), new Big(2).sqrt().toFixed(20)]);
