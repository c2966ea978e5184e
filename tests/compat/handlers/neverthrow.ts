// neverthrow
import { ok, err } from "neverthrow";
export default () => Response.json([ok(1).map((x) => x + 1).unwrapOr(0), err("x").unwrapOr(3)]);
