// entities
import { encodeXML, decodeHTML } from "entities";
export default () => Response.json([encodeXML("<é>"), decodeHTML("&copy;")]);
