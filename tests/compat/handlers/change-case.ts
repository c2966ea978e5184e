// change-case
import * as cc from "change-case";
export default () => Response.json([cc.snakeCase("helloWorld"), cc.pascalCase("a-b")]);
