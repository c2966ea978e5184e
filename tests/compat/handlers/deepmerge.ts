// deepmerge
import m from "deepmerge";
export default () => Response.json(m({ a: [1] }, { a: [2], b: 1 }));
