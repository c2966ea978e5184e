// typeorm
import "reflect-metadata";
import { EntitySchema, In } from "typeorm";
export default () => Response.json([new EntitySchema({ name: "A", columns: { id: { type: Number, primary: true } } }).options.name, In([1]).value]);
