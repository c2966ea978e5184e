// class-validator
import { validateSync, IsInt, Min } from "class-validator";
class A { constructor(a) { this.a = a; } }
IsInt()(A.prototype, "a"); Min(3)(A.prototype, "a");
export default () => Response.json(validateSync(new A(1)).map((e) => e.constraints));
