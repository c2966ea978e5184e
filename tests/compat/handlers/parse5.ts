// parse5
import { parse, serialize } from "parse5";
export default () => new Response(serialize(parse("<p>a<p>b")));
