// mathjs
import { evaluate, matrix, det } from "mathjs";
export default () => Response.json([evaluate("sqrt(16) + 2^3"), det(matrix([[1, 2], [3, 4]])), evaluate("5 cm to inch").toString()]);
