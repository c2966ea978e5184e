// he
import he from "he";
export default () => Response.json([he.encode("<é>"), he.decode("&copy;&amp;")]);
