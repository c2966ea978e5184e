// inversify
import "reflect-metadata";
import { Container } from "inversify";
export default () => { const c = new Container(); c.bind("a").toConstantValue(5); return Response.json(c.get("a")); };
