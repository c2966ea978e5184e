// h3
import * as h3 from "h3";
export default () => Response.json([typeof h3.getQuery, typeof h3.defineEventHandler]);
