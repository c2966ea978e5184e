// qs
import qs from "qs";
export default () => Response.json([qs.parse("a[b]=1&c[]=2&c[]=3"), qs.stringify({ a: { b: [1, 2] } })]);
