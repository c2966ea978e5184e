// ms
import ms from "ms";
export default () => Response.json([ms("2 days"), ms(60000)]);
