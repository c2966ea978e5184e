// lodash
import _ from "lodash";
export default () => Response.json([_.chunk([1, 2, 3], 2), _.camelCase("a b c"), _.template("x<%= a %>")({ a: 1 }), _.merge({ a: { b: 1 } }, { a: { c: 2 } })]);
