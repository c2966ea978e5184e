// query-string
import q from "query-string";
export default () => Response.json([q.parse("a=1&a=2"), q.stringify({ b: [1, 2] })]);
