// class-transformer
import "reflect-metadata";
import { plainToInstance, instanceToPlain, Expose } from "class-transformer";
class A {}
Expose({ name: "b" })(A.prototype, "a");
export default () => Response.json([plainToInstance(A, { b: 1 }), instanceToPlain(Object.assign(new A(), { a: 2 }))]);
