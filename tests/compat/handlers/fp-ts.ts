// fp-ts
import { pipe } from "fp-ts/function";
import * as O from "fp-ts/Option";
export default () => Response.json(pipe(O.some(1), O.map((x) => x + 1), O.toNullable));
