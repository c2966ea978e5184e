// bignumber.js
import BigNumber from "bignumber.js";
export default () => Response.json(new BigNumber("123456789.123456789").times(3).toFormat());
