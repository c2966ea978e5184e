// libphonenumber-js
import { parsePhoneNumberFromString } from "libphonenumber-js";
export default () => Response.json(parsePhoneNumberFromString("+12133734253").formatInternational());
