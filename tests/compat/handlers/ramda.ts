// ramda
import * as R from "ramda";
export default () => Response.json([R.pipe(R.map((x) => x * 2), R.sum)([1, 2]), R.groupBy((x) => (x % 2 ? "o" : "e"), [1, 2, 3])]);
