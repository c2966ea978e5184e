// superjson
import superjson from "superjson";
export default () => Response.json([superjson.stringify({ d: new Date(0), s: new Set([1]) }), superjson.parse(superjson.stringify({ m: new Map([[1, 2]]) })).m.get(1)]);
