// otplib
import * as otplib from "otplib";
export default () => Response.json(Object.keys(otplib).length > 0);
