// devalue
import { stringify, parse } from "devalue";
export default () => Response.json([stringify({ d: new Date(0) }), parse(stringify([new Map([[1, 2]])]))[0].get(1)]);
