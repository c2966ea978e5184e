// debug
import debug from "debug";
export default () => { debug("x")("hello"); return Response.json(debug.enabled("x")); };
