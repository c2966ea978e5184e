// resend
import { Resend } from "resend";
export default () => Response.json(typeof new Resend("re_x").emails.send);
